"""What this machine gives: processors, memory, and room for what is kept to save time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cellclf.data.cache import entries
from cellclf.doctor.finding import Finding, command, setting
from cellclf.errors import RunError
from cellclf.files import cache_folder, require_writable
from cellclf.processors import processor_count, processor_model

__all__ = ["CachePlace", "Machine", "cache_place", "machine", "unfit_cache"]

LITTLE_SPACE = 10**9
"""Bytes: 20,000 images of 128 by 128 pixels, as they are kept decoded, have 0.98 GB."""

MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container on Linux says how much memory it gives."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What work has at hand.

    Attributes:
        processor: What kind of processor it is.
        processors: How many this process may use.
        processors_in_all: How many there are.
        memory: Bytes of memory that this process may use; `None` where the system does not say.
    """

    processor: str
    processors: int
    processors_in_all: int
    memory: int | None


@dataclass(frozen=True, kw_only=True)
class CachePlace:
    """The folder for what can be made again.

    Attributes:
        folder: Where it is.
        entries: How many things are in it.
        bytes: Their size.
        free: Bytes that are free there; `None` where the system does not say.
        problem: Why nothing can be written there; empty where it can.
    """

    folder: Path
    entries: int
    bytes: int
    free: int | None
    problem: str = ""


def machine() -> Machine:
    """Look at what this machine gives."""
    return Machine(
        processor=processor_model(),
        processors=processor_count(),
        processors_in_all=os.cpu_count() or 1,
        memory=_memory(),
    )


def cache_place() -> CachePlace:
    """Look at the cache; its folder is made where it is not there."""
    folder = cache_folder()
    try:
        require_writable(folder)
        found, free, problem = entries(), shutil.disk_usage(folder).free, ""
    except (OSError, RunError) as error:
        found, free, problem = (), None, str(error)
    return CachePlace(
        folder=folder,
        entries=len(found),
        bytes=sum(entry.bytes for entry in found),
        free=free,
        problem=problem,
    )


def unfit_cache(place: CachePlace) -> Iterator[Finding]:
    """Say that nothing can be kept there, or not much."""
    elsewhere = setting("CELLCLF_CACHE", "/another/folder")
    if place.problem:
        yield Finding(
            kind="cache",
            severity="error",
            subject=str(place.folder),
            message=place.problem,
            remedies=(elsewhere,),
        )
    elif place.free is not None and place.free < LITTLE_SPACE:
        yield Finding(
            kind="little space",
            severity="warning",
            subject=str(place.folder),
            message=f"{place.free / 10**6:,.0f} MB are free, and decoded images are kept there",
            remedies=(command("cellclf", "cache", "prune", "--older-than", "30"), elsewhere),
        )


def _memory() -> int | None:
    limits = [limit for limit in map(_limit, MEMORY_LIMITS) if limit is not None]
    with suppress(AttributeError, OSError, ValueError):  # Windows has no such call
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(limits, default=None)


def _limit(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or "max"
        return None
