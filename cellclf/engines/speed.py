"""Which engine is the fastest for a network on this machine: measured once, and remembered."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellclf.data.holding import writing
from cellclf.engines.engine import Engine
from cellclf.engines.proof import made_images
from cellclf.errors import RunError
from cellclf.files import cache_folder
from cellclf.processors import processor_count, processor_model

__all__ = ["BATCH_SIZES", "Measured", "Speed", "measure", "recorded"]

KIND = "speeds"
"""Folder of the cache that measurements are kept in."""

BATCH_SIZES = (64, 16, 128)
"""Images at a time that are tried, the first unless another is clearly faster: with fewer, work
that goes on beside disturbs more; more need more memory."""

LONGEST = 1.0
"""Seconds that a batch may take by what is known of the engine for its size to be tried."""

DAY = 24 * 60 * 60
"""Seconds after which an engine that failed is tried again."""

SECONDS = 0.2
"""Least time that one size is tried for, after a first call that nothing counts."""

CLEARLY = 1.05
"""How many times as fast another size must be to be taken."""


class Speed(BaseModel):
    """How fast an engine was.

    Attributes:
        images_per_second: With images decoded already.
        batch_size: Images at a time with which it was that fast.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images_per_second: float = Field(gt=0)
    batch_size: int = Field(ge=1)


class Measured(BaseModel):
    """What was measured of the engines for one network on one machine.

    Attributes:
        engines: Speed by name.
        failed: Reason by name, for those that cannot be used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engines: dict[str, Speed] = Field(min_length=1)
    failed: dict[str, str] = {}

    @property
    def fastest(self) -> str:
        """Name of the fastest."""
        return max(self.engines, key=lambda name: self.engines[name].images_per_second)

    def __str__(self) -> str:
        order = sorted(self.engines, key=lambda name: -self.engines[name].images_per_second)
        rates = [f"{name} {self.engines[name].images_per_second:,.0f}" for name in order]
        left_out = f"; left out: {', '.join(self.failed)}" if self.failed else ""
        return (
            f"Engine: {self.fastest}, in batches of {self.engines[self.fastest].batch_size} "
            f"(images a second as measured here: {', '.join(rates)}{left_out})"
        )


def measure(engine: Engine, image_size: int) -> Speed:
    """Time an engine with batches of several sizes.

    Args:
        engine: What is timed.
        image_size: Height and width in pixels of its images.
    """
    images = made_images(image_size, max(BATCH_SIZES))
    best: Speed | None = None
    for size in BATCH_SIZES:
        if best is not None and (size > len(images) or size / best.images_per_second > LONGEST):
            continue
        batch = images[:size]
        engine(batch)
        calls, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < SECONDS:
            engine(batch)
            calls += 1
        rate = calls * len(batch) / spent
        if best is None or rate > CLEARLY * best.images_per_second:
            best = Speed(images_per_second=rate, batch_size=len(batch))
    assert best is not None
    return best


def recorded(
    sha256: str, engines: Mapping[str, Mapping[str, str]], make: Callable[[], Measured]
) -> Measured:
    """Return what was measured for a network before, measuring it now where nothing was.

    One process at a time measures one network. Where an engine failed, perhaps because there was no
    room, what was measured holds for a day.

    Args:
        sha256: Hash of the bundle.
        engines: The engines on offer, with the versions of what they compute with.
        make: Measures.
    """
    described = [sha256, engines, processor_model(), processor_count()]
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]
    path = cache_folder() / KIND / f"{key}.json"
    before = _read(path)
    if before is not None:
        return before
    with _alone(path):
        measured = _read(path) or make()
        try:
            with writing(path) as partial:
                partial.write_text(measured.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except (RunError, OSError):
            pass  # a cache that cannot be written to costs the measurement each time
    return measured


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for others that measure the same; for nobody where the cache cannot be written to."""
    with ExitStack() as held:
        with suppress(OSError, NotImplementedError):
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(path.with_name(f".{path.stem}.lock")))
        yield


def _read(path: Path) -> Measured | None:
    try:
        measured = Measured.model_validate_json(path.read_bytes())
        age = time.time() - path.stat().st_mtime
    except (OSError, ValidationError):
        return None
    return None if measured.failed and age > DAY else measured
