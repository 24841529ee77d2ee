"""One training on several devices or processes, through Keras' own distribution API.

The processes are started by whoever runs them, each with the environment variables that Keras
reads: `KERAS_DISTRIBUTION_JOB_ADDRESSES`, `KERAS_DISTRIBUTION_NUM_PROCESSES` and
`KERAS_DISTRIBUTION_PROCESS_ID`. This module imports Keras only once a distribution is used.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from cellclf.errors import ExperimentError, Problem, TrainingError
from cellclf.network import backend
from cellclf.terms import Distribution

__all__ = ["ALONE", "Share", "check_distribution", "distributed", "join", "launched"]

ADDRESSES = "KERAS_DISTRIBUTION_JOB_ADDRESSES"
PROCESSES = "KERAS_DISTRIBUTION_NUM_PROCESSES"
PROCESS = "KERAS_DISTRIBUTION_PROCESS_ID"

SETTING = "training.distribution"


@dataclass(frozen=True, kw_only=True)
class Share:
    """Which part of a training is this process's.

    Attributes:
        devices: Devices that train together, those of all processes; 1 where nothing is shared.
        process: Number of this process.
        processes: How many processes there are; each has as many of the devices as any other.
    """

    devices: int = 1
    process: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes the run directory."""
        return self.process == 0

    def require_divides(self, batch_size: int) -> None:
        """Make sure that every device gets as many rows of a batch as any other.

        Raises:
            ExperimentError: The devices cannot share a batch of `batch_size` evenly.

        Example:
            >>> Share(devices=4).require_divides(32)
        """
        left = batch_size % self.devices
        if left:
            below, above = batch_size - left, batch_size - left + self.devices
            sizes = f"{below} or {above}" if below else str(above)
            raise _problem(
                "training.batch_size",
                f"must be a multiple of the {self.devices} devices that share each batch, such as "
                f"{sizes}",
                batch_size,
            )

    def agree(self, **facts: str) -> None:
        """Make sure that every process knows the same; each has to call this at the same point.

        Args:
            **facts: What has to be equal, by what it is called.

        Raises:
            TrainingError: Some of it is not; the message names it.
        """
        if self.processes == 1:
            return
        numpy = import_module("numpy")
        digests = b"".join(hashlib.sha256(text.encode()).digest() for text in facts.values())
        mine = numpy.frombuffer(digests, numpy.uint8).reshape(len(facts), -1)
        everywhere = backend.gathered(mine)
        differs = (everywhere != everywhere[:1]).any(axis=(0, 2))
        names = [name.replace("_", " ") for name in itertools.compress(facts, differs)]
        if names:
            raise TrainingError(
                f"the {self.processes} processes of this training must have the same "
                f"{' and '.join(names)}, and have not: give all of them the same command, the same "
                "images, the same versions, and a run directory on storage that they share"
            )


ALONE = Share()
"""One process that trains on one device."""


def launched() -> tuple[int, int]:
    """Return which of how many processes this is, counted from 0; `(0, 1)` where it is the only.

    Example:
        >>> launched()
        (0, 1)

    Raises:
        ExperimentError: The environment variables contradict each other, or are incomplete.
    """
    joined = backend.processes()
    if joined is not None:
        return joined
    count = _number(PROCESSES, lowest=1, default=1)
    if count == 1:
        return 0, 1
    if not os.environ.get(ADDRESSES):
        raise _problem(ADDRESSES, "must be the address of process 0, such as 10.0.0.1:12345")
    process = _number(PROCESS, lowest=0)
    if process >= count:
        raise _problem(PROCESS, f"must be from 0 to {count - 1} ({PROCESSES} - 1)", process)
    return process, count


def check_distribution(kind: Distribution) -> None:
    """Refuse, before any work, a distribution that cannot be.

    Raises:
        ExperimentError: The backend has none, or several processes were started for a training
            that is not shared out.
    """
    _, count = launched()
    if kind == "none":
        if count > 1:
            raise _problem(
                SETTING,
                f'must be "data_parallel" where {PROCESSES} is {count}; or unset that variable',
                kind,
            )
        return
    name = backend.meant()
    if name != backend.DISTRIBUTING:
        raise _problem(
            SETTING,
            f"needs KERAS_BACKEND={backend.DISTRIBUTING}, the only backend on which Keras shares "
            f"one training out over devices: pip install {backend.DISTRIBUTING} and set that "
            f'variable, or leave this setting at "none"',
            f"{kind} with the backend {name}",
        )


def join(kind: Distribution) -> Share:
    """Meet the other processes, if there are any, and return this one's share of the training.

    Everything has to be there within five minutes of the first that waits.

    Raises:
        TrainingError: The processes did not meet, or have different numbers of devices.
    """
    if kind == "none":
        return ALONE
    process, count = launched()
    distribution = import_module("keras").distribution
    if count > 1 and backend.processes() is None:
        try:
            distribution.initialize()
        except RuntimeError as error:
            raise TrainingError(
                f"process {process} could not join the other {count - 1} at "
                f"{os.environ.get(ADDRESSES)}: start all of them within five minutes, let each "
                f"reach that address, and use no network in Python before. Reason: {error}"
            ) from error
    devices = len(distribution.list_devices())
    if backend.local_devices() * count != devices:
        raise TrainingError(
            "every process must have the same number of devices. Received: "
            f"{backend.local_devices()} of {devices} in process {process} of {count}"
        )
    return Share(devices=devices, process=process, processes=count)


@contextmanager
def distributed(share: Share) -> Iterator[None]:
    """Have networks that are built and fitted in the block use all devices of `share`.

    Every process holds all weights, and gives Keras its own rows of each batch.
    """
    if share.devices == 1:
        yield
        return
    distribution = import_module("keras").distribution
    with distribution.DataParallel(auto_shard_dataset=False).scope():
        yield


def _number(name: str, *, lowest: int, default: int | None = None) -> int:
    text = os.environ.get(name)
    if not text and default is not None:
        return default
    if not text or not text.isdecimal() or int(text) < lowest:
        raise _problem(name, f"must be a whole number from {lowest}", text)
    return int(text)


def _problem(place: str, expected: str, received: Any = None) -> ExperimentError:
    text = None if received is None else str(received)
    return ExperimentError([Problem(place=place, expected=expected, received=text)])
