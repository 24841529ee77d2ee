"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from cellclf.errors import RunError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it into place; missing folders are made.

    Raises:
        RunError: The place cannot be written to.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written: {error.strerror or error}. "
            "Choose another output directory or make room in this one."
        ) from error
