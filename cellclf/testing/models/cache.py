"""A cache of a check's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["own_cache"]

CACHE = "CELLCLF_CACHE"


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Let what is cached be kept in `folder`: a check must find nothing, and leave nothing."""
    before = os.environ.get(CACHE)
    os.environ[CACHE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE]
        else:
            os.environ[CACHE] = before
