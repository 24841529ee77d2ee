"""Where files go, and how: written beside their place, then renamed into it, absent or whole."""

from __future__ import annotations

import json
import math
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from platformdirs import user_cache_path

from cellclf.errors import RunError

__all__ = [
    "cache_folder",
    "finite",
    "partials_in",
    "replacing",
    "require_writable",
    "write_bytes",
    "write_json",
    "write_text",
]

PARTIAL = re.compile(r"\.(?P<stem>.+)\.[0-9a-f]+\.partial(?P<suffix>(\.[^.]*)?)")
"""Name of a partial file of `replacing`."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""How an address begins, less the slash that no path keeps. Two letters at least: `C:` is a
drive."""


def cache_folder() -> Path:
    """Return the folder for what can be made again: `CELLCLF_CACHE`, or the platform's own."""
    chosen = os.environ.get("CELLCLF_CACHE")
    return Path(chosen) if chosen else user_cache_path("cellclf", appauthor=False)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; on leaving, what was written takes the place of `path`.

    If the block raises, or the process dies, `path` is as it was before. The partial file keeps
    the suffix of `path`, because some writers choose their format by it. Each call has a name of
    its own, so that threads and processes may write the same file: the last one stays. Missing
    folders are made.

    Raises:
        RunError: The place cannot be written to.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "answer.txt"
        >>> with replacing(place) as partial:
        ...     _ = partial.write_text("42")
        >>> place.read_text()
        '42'
    """
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb+") as written:  # Windows flushes only what may be written to
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def partials_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the partial files in a folder, each with the file that it was to take the place of.

    They are being written now, or were when their process was killed: `replacing` leaves none.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> with replacing(place / "answer.txt") as partial:
        ...     _ = partial.write_text("4")
        ...     [(found == partial, whole.name) for found, whole in partials_in(place)]
        ...     _ = partial.write_text("42")
        [(True, 'answer.txt')]
        >>> list(partials_in(place))
        []
    """
    for path in sorted(folder.glob(".*.partial*")):
        if named := PARTIAL.fullmatch(path.name):
            yield path, path.with_name(f"{named['stem']}{named['suffix']}")


def require_writable(folder: Path) -> None:
    """Make sure, before long work, that its result can be put into `folder`, which is made.

    Raises:
        RunError: It cannot, or `folder` was meant to be an address, such as `s3://cells`.
    """
    if ADDRESS.match(f"{folder.as_posix()}/"):
        raise RunError(
            f"results are written to files of this machine, not to an address. Received: {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is either absent or whole."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file that is either absent or whole."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that is either absent or whole; NaN and infinities become null."""
    text = json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def finite(value: Any) -> Any:
    """Return plain values with `None`, JSON's word for what does not exist, for NaN and infinities.

    Example:
        >>> finite({"low": math.nan, "counts": (1, 2)})
        {'low': None, 'counts': [1, 2]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"{path} cannot be written: {error.strerror or error}. Choose another place, or make room "
        "in this one"
    )
