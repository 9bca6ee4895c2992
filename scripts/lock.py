"""Write requirements.lock, every dependency with the SHA-256 of its file: `python scripts/lock.py [REPORT]`.

The files are those that pip takes for this machine and this Python, from wherever it is set up to look. REPORT is what
`pip install --dry-run --ignore-installed --report` left, where that has been run already.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Ask pip what it would install, and write it down."""
    if len(sys.argv) > 1:
        report = json.loads(Path(sys.argv[1]).read_text())
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            asked = ["install", "-q", "--dry-run", "--ignore-installed", "--report", str(path), f"{ROOT}[dev,docs]"]
            subprocess.run([sys.executable, "-m", "pip", *asked], check=True)
            report = json.loads(path.read_text())
    (ROOT / "requirements.lock").write_text(lock(report))
    print("requirements.lock")


def lock(report: dict) -> str:
    """Return the lock file of a report of pip's."""
    at = report["environment"]
    lines = [
        "# Everything that gansmith[dev,docs] needs, with the SHA-256 of each file; written by: make lock",
        f"# The files are those for Python {at['python_version']} on {at['platform_system']} {at['platform_machine']}.",
    ]
    entries = []
    for one in report["install"]:
        name, version = one["metadata"]["name"].lower().replace("_", "-"), one["metadata"]["version"]
        if name != "gansmith":
            digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
            entries.append(f"{name}=={version} \\\n    --hash=sha256:{digest}")
    return "\n".join([*lines, *sorted(entries)]) + "\n"


if __name__ == "__main__":
    main()
