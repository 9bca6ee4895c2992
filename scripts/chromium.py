"""Install Debian's chromium for the tests of the studio's pages, where that is allowed: `python scripts/chromium.py`.

Standard library only. Where it is not, one line says which tests are left out; that is no failure.
"""

import os
import shutil
import subprocess
import sys

LEFT_OUT = "no chromium here, so the tests of the studio's pages in a browser are left out"


def main() -> None:
    """Install chromium, or say that it is not there."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"{LEFT_OUT}: apt-get install chromium", file=sys.stderr)
        return
    print("installing chromium, for the tests of the studio's pages", flush=True)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
    quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    if subprocess.run(install, **quiet).returncode:
        subprocess.run(["apt-get", "update", "-q"], **quiet)
        if subprocess.run(install, **quiet).returncode:
            print(f"{LEFT_OUT}: apt-get could not install it", file=sys.stderr)


if __name__ == "__main__":
    main()
