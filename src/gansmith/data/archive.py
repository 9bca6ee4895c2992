"""List the files of a zip archive, read in memory: nothing is ever written to a path that the archive names."""

import io
import stat
import zipfile
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gansmith.data.layout import Entry
from gansmith.data.picture import MAX_BYTES
from gansmith.errors import DataError

MOST_ENTRIES = 1_000_000
MOST_BYTES = 256 << 30
MOST_RATIO = 200
_SMALL = 16 << 20  # a member of less than this may be as compressible as it likes: a flat picture is


def list_archive(path: Path, source: str) -> list[Entry]:
    """Return the visible files of the archive in order of name.

    DataError where it is damaged or hostile: too many entries, too large, a ratio that no pictures reach, overlapping
    entries, names that lead out of it, links, a password.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{source} is not a zip archive, or damaged: {error}", "pack or download it again") from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    reason = _refused(members, path.stat().st_size)
    if reason:
        archive.close()
        raise DataError(f"{source} is refused: {reason}", "unpack it by a tool you trust and name the folder")
    entries = [
        Entry(member.filename, member.file_size, member.CRC, partial(_open, archive, member))
        for member in members
        if not _hidden(member.filename)
    ]
    return sorted(entries, key=lambda entry: entry.name)


def _refused(members: list[zipfile.ZipInfo], size: int) -> str | None:
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MOST_ENTRIES:
        return f"it has {len(members):,} entries; the limit is {MOST_ENTRIES:,}"
    if total > MOST_BYTES:
        return f"it would unpack to {total / 2**30:,.0f} GiB; the limit is {MOST_BYTES >> 30}"
    if packed > size:
        return "its entries overlap, as in a decompression bomb"
    if total > _SMALL and total > MOST_RATIO * max(packed, 1):
        return f"it is packed {total / max(packed, 1):,.0f} to 1, as a decompression bomb is"
    return next((reason for member in members if (reason := _bad_member(member))), None)


def _bad_member(member: zipfile.ZipInfo) -> str | None:
    name = member.orig_filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":":
        return f"'{name}' is an absolute path"
    if ".." in name.split("/"):
        return f"'{name}' leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"'{name}' is a link"
    if member.flag_bits & 1:
        return f"'{name}' is locked with a password"
    if member.file_size > _SMALL and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        return f"'{name}' is packed {member.file_size / max(member.compress_size, 1):,.0f} to 1"
    return None


def _open(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    try:
        with archive.open(member) as stream:
            return io.BytesIO(stream.read(MAX_BYTES))  # whatever the header says, no more than this
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise OSError(f"damaged in the archive ({error})") from error


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
