"""What happened during a fit: one row an epoch, and which epoch was kept."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import pandas as pd

from cellclf.files import replacing

__all__ = ["HISTORY_NAME", "EpochRow", "History", "best_of", "write_history"]

HISTORY_NAME = "history.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochRow:
    """One pass over the training part.

    Attributes:
        epoch: Number of the epoch, counted from 1.
        loss: Mean cross-entropy in nats of the augmented training batches while they were trained
            on, without label smoothing, weighted as the batches are.
        accuracy: Share of them whose top class was right, weighted alike.
        validation_loss: Mean cross-entropy in nats of the validation part after the epoch, in
            inference mode, without label smoothing or weights.
        validation_accuracy: Share of the validation part whose top class was right.
        learning_rate: Rate of the epoch's last step.
        seconds: Time taken, validation included.
        images_per_second: Images of full batches over the time of the training steps; what the
            first epoch spends on compiling is in it.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float


def best_of(rows: Sequence[EpochRow]) -> EpochRow:
    """Return the row with the lowest validation loss, the earliest of equals.

    Example:
        >>> rows = [
        ...     EpochRow(epoch=n, loss=1, accuracy=0.5, validation_loss=loss,
        ...              validation_accuracy=0.5, learning_rate=1e-3, seconds=1,
        ...              images_per_second=100)
        ...     for n, loss in enumerate([0.9, 0.4, 0.4], start=1)
        ... ]
        >>> best_of(rows).epoch
        2
    """
    return min(rows, key=lambda row: row.validation_loss)


@dataclass(frozen=True, kw_only=True)
class History:
    """The course of one fit.

    Attributes:
        rows: The epochs in order.
        best_epoch: The epoch whose weights the model holds: the one with the lowest validation
            loss. Counted from 1.
        stopped_early: The fit ended before the number of epochs that was asked for.
        reason: Why it ended, as a sentence for a report.
    """

    rows: tuple[EpochRow, ...]
    best_epoch: int
    stopped_early: bool
    reason: str

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a table, one column for each attribute of `EpochRow`."""
        return _table(self.rows)


def write_history(folder: Path, rows: Sequence[EpochRow]) -> None:
    """Write the epochs so far to `history.csv` in `folder`, whole or not at all.

    Raises:
        RunError: It cannot be written.
    """
    # Not by pandas, which takes longer than an epoch of a head.
    with replacing(folder / HISTORY_NAME) as partial, partial.open("w", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(field.name for field in fields(EpochRow))
        written.writerows(astuple(row) for row in rows)


def _table(rows: Sequence[EpochRow]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows])
