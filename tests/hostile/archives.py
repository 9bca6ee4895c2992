"""Zip archives that lie, lead out of themselves or unpack without end."""

import stat
import struct
import zipfile
from pathlib import Path

from .case import Case
from .pictures import encoded, picture


def _pack(path: Path, members=(), compression=zipfile.ZIP_DEFLATED):
    """Write two good pictures, and these, into a zip."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for i in range(2):
            archive.writestr(f"good/{i}.png", encoded(picture(i)))
        for name, content in members:
            archive.writestr(name, content)
    return path


def zipped(*members):
    """Return what packs these members beside two good pictures."""
    return lambda folder: _pack(folder / "set.zip", members)


def changed(change, *members, compression=zipfile.ZIP_STORED):
    """Return what packs these members and changes the bytes of the archive."""

    def make(folder):
        path = _pack(folder / "set.zip", members, compression)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def in_directory(name, place, new):
    """Return what changes the central directory's record of a member, `place` bytes behind its beginning."""

    def change(content):
        begin = content.rindex(name) - 46
        assert content[begin : begin + 4] == b"PK\x01\x02"
        return content[: begin + place] + new + content[begin + place + len(new) :]

    return change


def _in_the_middle(content):
    begin = content.index(b"good/a.png") + 25
    return content[:begin] + bytes(255 - byte for byte in content[begin : begin + 40]) + content[begin + 40 :]


def link(name):
    """Return an entry that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _twice(folder):
    path = _pack(folder / "set.zip", [("good/2.png", encoded(picture(2))), ("good/3.png", encoded(picture(3)))])
    path.write_bytes(path.read_bytes().replace(b"good/3.png", b"good/2.png"))
    return path


def _overlapping(folder):
    """All of many entries are the bytes of one."""
    path = _pack(folder / "set.zip", [(f"{i:03}.bmp", b"x") for i in range(99)] + [("all.bmp", bytes(50_000))], 0)
    content = bytearray(path.read_bytes())
    place = struct.pack("<I", content.index(b"all.bmp") - 30)
    for i in range(99):
        begin = content.rindex(b"%03d.bmp" % i) - 46
        content[begin + 20 : begin + 28] = struct.pack("<II", 50_000, 50_000)
        content[begin + 42 : begin + 46] = place
    path.write_bytes(content)
    return path


def _nested(folder):
    inner = _pack(folder / "inner.zip").read_bytes()
    return _pack(folder / "set.zip", [("inner.zip", inner), ("good/picture-in-name.png", inner)])


CASES = {
    "leads out": Case(zipped(("../../evil.png", b"x")), "leads out"),
    "leads out further down": Case(zipped(("a/../../evil.png", b"x")), "leads out"),
    "leads out as on Windows": Case(zipped(("..\\evil.png", b"x")), "leads out"),
    "absolute": Case(zipped(("/etc/evil.png", b"x")), "absolute"),
    "drive": Case(zipped(("C:/evil.png", b"x")), "absolute"),
    "server": Case(zipped(("\\\\server\\share\\evil.png", b"x")), "absolute"),
    "link": Case(zipped((link("link.png"), b"/etc/passwd")), "is a link"),
    "huge ratio": Case(zipped(("zeros.bmp", bytes(20 << 20))), "packed"),
    "huge ratio in many": Case(zipped(*((f"{i}.bmp", bytes(2 << 20)) for i in range(12))), "as a decompression bomb"),
    "overlapping": Case(_overlapping, "overlap"),
    "sizes of petabytes": Case(
        changed(in_directory(b"good/a.png", 24, b"\xff\xff\xff\xfe"), ("good/a.png", b"x")), "packed|would unpack"
    ),
    "size too small": Case(
        changed(in_directory(b"good/a.png", 24, b"\1\0\0\0"), ("good/a.png", encoded(picture(5)))), read=2, left_out=1
    ),
    "begins beyond the end": Case(
        changed(in_directory(b"good/a.png", 42, b"\xff\xff\xff\x7f"), ("good/a.png", b"x")), read=2, left_out=1
    ),
    "unknown packing": Case(
        changed(in_directory(b"good/a.png", 10, b"\x63\0"), ("good/a.png", b"x")), read=2, left_out=1
    ),
    "password": Case(changed(in_directory(b"good/a.png", 8, b"\1\0"), ("good/a.png", b"x")), "password"),
    "name of zeros": Case(
        changed(lambda content: content.replace(b"good/aa.png", b"\0ood/aa.png"), ("good/aa.png", encoded(picture(6)))),
        read=2,
    ),
    "wrong checksum": Case(
        changed(in_directory(b"good/a.png", 16, b"\0\0\0\0"), ("good/a.png", b"x")), read=2, left_out=1
    ),
    "the same name twice": Case(_twice, read=3, left_out=1),
    "zip in a zip": Case(_nested, read=2, left_out=1),
    "cut short": Case(changed(lambda content: content[:-40]), "not a zip archive, or damaged"),
    "directory cut out": Case(
        changed(lambda content: content[: content.index(b"PK\x01\x02")] + content[-22:]),
        "not a zip archive, or damaged",
    ),
    "empty file": Case(changed(lambda content: b""), "not a zip archive, or damaged"),
    "no entries": Case(changed(lambda content: b"PK\5\6" + bytes(18)), "no images"),
    "other archive": Case(
        lambda folder: _written(folder / "set.tar.gz", b"\x1f\x8b\x08\0"), "of a kind that is not read"
    ),
    "controls in a name": Case(
        zipped(("good/\x1b[2Jgood\n.png", encoded(picture(7))), ("good/\x1b[2Jbad\n.png", b"x")), read=3, left_out=1
    ),
    "bzip2 bomb": Case(
        lambda folder: _pack(folder / "set.zip", [("a.bmp", bytes(64 << 20))], zipfile.ZIP_BZIP2), "packed"
    ),
    "lzma bomb": Case(
        lambda folder: _pack(folder / "set.zip", [("a.bmp", bytes(64 << 20))], zipfile.ZIP_LZMA), "packed"
    ),
    "packed bytes changed": Case(
        changed(_in_the_middle, ("good/a.png", bytes(range(256)) * 99), compression=zipfile.ZIP_DEFLATED),
        read=2,
        left_out=1,
    ),
    "packed bytes changed, bzip2": Case(
        changed(_in_the_middle, ("good/a.png", bytes(range(256)) * 99), compression=zipfile.ZIP_BZIP2),
        read=2,
        left_out=1,
    ),
    "packed bytes changed, lzma": Case(
        changed(_in_the_middle, ("good/a.png", bytes(range(256)) * 99), compression=zipfile.ZIP_LZMA),
        read=2,
        left_out=1,
    ),
    "more than it says": Case(
        changed(
            in_directory(b"good/a.png", 24, b"\0\1\0\0"),
            ("good/a.png", bytes(64 << 20)),
            compression=zipfile.ZIP_DEFLATED,
        ),
        read=2,
        left_out=1,
    ),
}


def _written(path, content):
    path.write_bytes(content)
    return path
