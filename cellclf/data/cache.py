"""What lies in the cache, and the removal of what nobody needs there any more.

Everything in it can be made again. An entry is a file or folder directly below a folder of the
cache, whose name is its kind: `CACHE/stores/...` for decoded images. Whoever keeps another kind of
entry there needs to do nothing more for it to be listed and pruned. `cellclf.data.holding` has
what notes that an entry was used and keeps it from being removed meanwhile, `hold` and `in_use`,
and what keeps a half-written file from being swept, `writing`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cellclf.data.holding import is_held, remove, sweep
from cellclf.data.store_record import recorded_images
from cellclf.errors import DataError
from cellclf.files import cache_folder

__all__ = ["Entry", "Pruned", "entries", "prune"]

DAY = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that can be made again.

    Attributes:
        kind: Folder of the cache that it is in, such as `stores`.
        path: Where it is.
        bytes: Its size.
        images: How many images it holds; `None` where it is no image store.
        used: When it was last opened or written, in seconds since 1970.
        in_use: A running process uses it.
    """

    kind: str
    path: Path
    bytes: int
    images: int | None
    used: float
    in_use: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """What `prune` did.

    Attributes:
        removed: What is gone.
        in_use: What was to go and stays, because a running process uses it.
    """

    removed: tuple[Entry, ...]
    in_use: tuple[Entry, ...]


def entries(cache: Path | None = None) -> tuple[Entry, ...]:
    """List what lies in the cache, longest unused first.

    Args:
        cache: The folder; that of `CELLCLF_CACHE`, or of the platform, where it is left out.

    Example:
        >>> import tempfile
        >>> cache = Path(tempfile.mkdtemp())
        >>> (cache / "notes").mkdir()
        >>> _ = (cache / "notes" / "a.txt").write_text("hello")
        >>> [(entry.kind, entry.path.name, entry.bytes) for entry in entries(cache)]
        [('notes', 'a.txt', 5)]
    """
    root = cache_folder() if cache is None else cache
    found = [
        _entry(kind.name, path)
        for kind in _visible(root)
        if kind.is_dir()
        for path in _visible(kind)
    ]
    return tuple(sorted(found, key=lambda entry: (entry.used, entry.path)))


def prune(
    cache: Path | None = None,
    *,
    older_than: float | None = None,
    max_bytes: int | None = None,
    everything: bool = False,
) -> Pruned:
    """Remove entries that no running process uses, and what killed runs left half written.

    Args:
        cache: As `entries` has it.
        older_than: Days; what was not used for that long goes.
        max_bytes: What was used longest ago goes, until no more than this is left. What is in use
            counts, and stays.
        everything: All goes.

    Raises:
        DataError: Nothing said what is to go, or a negative number.
    """
    if older_than is None and max_bytes is None and not everything:
        raise DataError(
            "`prune` must be told what to remove. Received: neither older_than, max_bytes nor "
            "everything=True"
        )
    for name, value in (("older_than", older_than), ("max_bytes", max_bytes)):
        if value is not None and not value >= 0:
            raise DataError(f"`{name}` must be 0 or more. Received: {name}={value}")
    root = cache_folder() if cache is None else cache
    for kind in _visible(root):
        if kind.is_dir():
            sweep(kind)
    present = entries(root)
    left = sum(entry.bytes for entry in present)
    removed, kept = [], []
    for entry in present:  # longest unused first
        old = older_than is not None and time.time() - entry.used > older_than * DAY
        over = max_bytes is not None and left > max_bytes
        if not (everything or old or over):
            continue
        if entry.in_use or not remove(entry.path):
            kept.append(entry)
        else:
            removed.append(entry)
            left -= entry.bytes
    return Pruned(removed=tuple(removed), in_use=tuple(kept))


def _visible(folder: Path) -> list[Path]:
    """What is in a folder, without drafts and markers, whose names begin with a dot."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _entry(kind: str, path: Path) -> Entry:
    files = [path] if path.is_file() else path.rglob("*")
    return Entry(
        kind=kind,
        path=path,
        bytes=sum(_bytes(file) for file in files),
        images=recorded_images(path),
        used=path.stat().st_mtime if path.exists() else 0.0,
        in_use=is_held(path),
    )


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # another process removed it meanwhile
        return 0
