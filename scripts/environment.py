"""Make the project's virtual environment, or bring it up to date: `python3 scripts/environment.py FOLDER`.

Standard library only. FOLDER gets the package in editable mode with its `dev` and `docs` extras. A stamp inside it
holds the hash of the project's metadata and the checkout it points at, so a second call does nothing, changed
dependencies are installed, and an environment shared by several checkouts is pointed at the one that asks.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def main(folder):
    """Bring the environment in `folder` up to date; one process at a time."""
    import fcntl

    folder = Path(folder).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works(folder / "bin/python"):
            create(folder)
        update(folder)


def works(python):
    """Whether this interpreter is there, runs, and has pip."""
    command = [str(python), "-c", f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"]
    return python.exists() and subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def create(folder):
    """Make an empty environment, with Debian's separate venv package where that is missing."""
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info)
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            sys.exit(f"Python's venv module is incomplete here; install it with: sudo apt-get install {package}")
        if subprocess.run(["apt-get", "install", "-y", "-q", package]).returncode:
            run("apt-get", "update", "-q")
            run("apt-get", "install", "-y", "-q", package)
    print(f"making the environment {folder}", flush=True)
    run(sys.executable, "-m", "venv", "--clear", str(folder))


def update(folder):
    """Install what the stamp says is missing; the stamp is written last, so a broken install is tried again."""
    stamp = folder / "gansmith.stamp.json"
    wanted = {"dependencies": dependencies(), "checkout": str(CHECKOUT)}
    try:
        present = json.loads(stamp.read_text())
    except (OSError, ValueError):
        present = {}
    if present == wanted:
        return
    stamp.unlink(missing_ok=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if present.get("dependencies") == wanted["dependencies"]:
        run(*pip, "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT))
    else:
        print(f"installing into {folder} (the first time takes minutes: PyTorch is large)", flush=True)
        run(*pip, "--editable", f"{CHECKOUT}[dev,docs]", *build_tools())
    stamp.write_text(json.dumps(wanted))


def dependencies():
    """Hash what pip reads in pyproject.toml: a change there is a reason to install again."""
    project = metadata()
    parts = json.dumps([project["build-system"], project["project"]], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def build_tools():
    """Name what an editable build needs, kept in the environment so that building and re-pointing download nothing."""
    return [*metadata()["build-system"]["requires"], "editables"]


def metadata():
    """Parse pyproject.toml."""
    import tomllib

    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text())


def run(*command):
    """Run a command; where it fails, end with its code and name it."""
    code = subprocess.run(command).returncode
    if code:
        print("failed: {}".format(" ".join(command)), file=sys.stderr)
        sys.exit(code)


def newer_python():
    """Find another interpreter on the path that is new enough and runs."""
    for minor in range(OLDEST[1], 30):
        found = shutil.which(f"python{OLDEST[0]}.{minor}")
        if found and subprocess.run([found, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0:
            return found
    return None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/environment.py FOLDER")
    if sys.version_info < OLDEST:
        other = newer_python()
        if not other:
            sys.exit(f"python3 is {sys.version.split()[0]}; gansmith needs Python 3.11 or newer: install python3.11")
        os.execv(other, [other, *sys.argv])
    main(sys.argv[1])
