"""What a fit keeps of itself while it goes on: checkpoints now and then, a history for people."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cellclf.errors import RunError
from cellclf.network.distribution import ALONE, Share
from cellclf.training.checkpoint import Checkpoint, Checkpoints
from cellclf.training.history import EpochRow, write_history

if TYPE_CHECKING:
    from cellclf.progress import Progress

__all__ = ["CHECKPOINT_SECONDS", "Keeping"]

CHECKPOINT_SECONDS = 10.0
"""Most that is lost to a kill, where writing is quick."""

CHECKPOINT_SHARE = 0.02
"""Most of the time that may go into writing checkpoints of a large network."""

SECONDS_BETWEEN_HISTORIES = 1.0
"""Writing the history takes as long as an epoch of a head: it is not done after each."""


@dataclass(kw_only=True)
class Keeping:
    """Where a fit keeps its checkpoints and its history, how often, and when it last did.

    A full disk ends no fit: it costs the means to go on, and a warning says so.

    Attributes:
        folder: For the history of the epochs, for people to read.
        checkpoints: The place.
        progress: Told when something cannot be written.
        share: Which of the processes of the fit this is: the first writes for all.
        every: Seconds between two checkpoints; more where writing is slow.
    """

    folder: Path
    checkpoints: Checkpoints
    progress: Progress
    share: Share = ALONE
    every: float = CHECKPOINT_SECONDS
    _written: float = field(init=False)
    _writing_seconds: float = field(default=0.0, init=False)
    _history_written: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self._written = time.monotonic()

    def is_due(self, now: float) -> bool:
        """Whether it is time for another checkpoint, at a time of `time.monotonic`."""
        pause = max(self.every, self._writing_seconds / CHECKPOINT_SHARE) if self.every > 0 else 0.0
        return now - self._written >= pause

    def keep(self, made: Callable[[float], Checkpoint]) -> None:
        """Write where the fit stands.

        Args:
            made: Gives the checkpoint, from the time of now.
        """
        if not self.share.leads:
            return
        began = time.monotonic()
        try:
            self.checkpoints.write(made(began))
        except RunError as error:
            self.progress.warn(f"an interrupted training could not go on: {error}")
        self._written = time.monotonic()
        self._writing_seconds = self._written - began

    def tell(self, rows: Sequence[EpochRow], *, now: float, last: bool) -> None:
        """Write the epochs so far for people to read, unless that was done a moment ago.

        Args:
            rows: The epochs done.
            now: A time of `time.monotonic`.
            last: No other epoch follows: they are written in any case.
        """
        if not last and now - self._history_written < SECONDS_BETWEEN_HISTORIES:
            return
        self._history_written = now
        if not self.share.leads:
            return
        try:
            write_history(self.folder, rows)
        except RunError as error:
            self.progress.warn(f"the history of the epochs so far is not kept: {error}")
