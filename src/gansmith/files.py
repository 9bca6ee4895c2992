"""Write a file whole or not at all: readers, crashes and full disks never meet half of one."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write `content` beside `path` and rename it there; return `path`. On an OSError the old file stays as it is."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
