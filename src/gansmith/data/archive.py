"""List the files of a zip archive, read in memory: nothing is ever written to a path that the archive names."""

import io
import lzma
import posixpath
import stat
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gansmith.data.layout import Entry
from gansmith.data.picture import MAX_BYTES
from gansmith.data.problem import Problem
from gansmith.data.shown import shown
from gansmith.errors import DataError

MOST_ENTRIES = 1_000_000
MOST_BYTES = 256 << 30
MOST_RATIO = 200
SMALL = 16 << 20  # a member of less than this may be as compressible as it likes: a flat picture is


def list_archive(path: Path, source: str) -> tuple[list[Entry], list[Problem]]:
    """Return the visible files of the archive in order of name, and what is wrong with any.

    Of two of one name the later one counts, as for whoever unpacks it. DataError as from `open_archive`.
    """
    archive = open_archive(path, source, "unpack it by a tool you trust and name the folder")
    members: dict[str, zipfile.ZipInfo] = {}
    problems: list[Problem] = []
    for member in archive.infolist():
        written = member.filename.replace("\\", "/")  # some packers on Windows write their own separator
        name = posixpath.normpath(written)
        if not written or written.endswith("/") or _hidden(name):
            continue
        if name in members:
            problems.append(Problem(shown(name), "it is in the archive twice; the later one is read", "pack it again"))
        members[name] = member
    entries = [
        Entry(shown(name), member.file_size, (member.CRC,), partial(_open, archive, member))
        for name, member in members.items()
    ]
    return sorted(entries, key=lambda entry: entry.name), problems


def open_archive(path: Path, source: str, remedy: str) -> zipfile.ZipFile:
    """Open a zip archive to read from.

    DataError where it is damaged or hostile: too many entries, too large, a ratio that no pictures reach, overlapping
    entries, names that lead out of it, links, a password. `remedy` is for one that is refused.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{source} is not a zip archive, or damaged: {error}", "pack or download it again") from error
    members = [member for member in archive.infolist() if member.filename and not member.is_dir()]
    reason = _refused(members, path.stat().st_size)
    if reason:
        archive.close()
        raise DataError(f"{source} is refused: {reason}", remedy)
    return archive


def _refused(members: list[zipfile.ZipInfo], size: int) -> str | None:
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MOST_ENTRIES:
        return f"it has {len(members):,} entries; the limit is {MOST_ENTRIES:,}"
    if total > MOST_BYTES:
        return f"it would unpack to {total / 2**30:,.0f} GiB; the limit is {MOST_BYTES >> 30}"
    if packed > size:
        return "its entries overlap, as in a decompression bomb"
    if total > SMALL and total > MOST_RATIO * max(packed, 1):
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
    if member.file_size > SMALL and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        return f"'{name}' is packed {member.file_size / max(member.compress_size, 1):,.0f} to 1"
    return None


def _open(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    try:
        with archive.open(member) as stream:
            return io.BytesIO(stream.read(MAX_BYTES))  # whatever the header says, no more than this
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, ValueError) as error:
        raise OSError(f"damaged in the archive ({error})") from error


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
