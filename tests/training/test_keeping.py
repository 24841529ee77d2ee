"""What a fit keeps of itself while it goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.network.distribution import Share
from cellclf.progress import Silent
from cellclf.training.checkpoint import Checkpoint, Checkpoints
from cellclf.training.history import HISTORY_NAME, EpochRow
from cellclf.training.keeping import SECONDS_BETWEEN_HISTORIES, Keeping


class Heard(Silent):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def row(epoch: int) -> EpochRow:
    return EpochRow(
        epoch=epoch,
        loss=1.0,
        accuracy=0.5,
        validation_loss=1.0,
        validation_accuracy=0.5,
        learning_rate=1e-3,
        seconds=1.0,
        images_per_second=100.0,
    )


def checkpoint(now: float) -> Checkpoint:
    weights = [np.full(2, now, np.float32)]
    return Checkpoint(
        rows=(row(1),),
        batch=0,
        epoch_seconds=0.0,
        seconds=1.0,
        share=0.0,
        model=weights,
        optimizer=[],
        metrics=[],
        best=weights,
    )


def keeping(folder: Path, *, every: float = 0.0, share: Share | None = None) -> Keeping:
    return Keeping(
        folder=folder,
        checkpoints=Checkpoints(folder, mark="this fit"),
        progress=Heard(),
        every=every,
        share=share or Share(),
    )


def test_the_history_is_written_at_most_once_a_while_and_when_the_fit_ends(tmp_path: Path) -> None:
    kept = keeping(tmp_path)

    def epochs(rows: int, now: float, *, last: bool = False) -> int:
        kept.tell([row(number) for number in range(1, rows + 1)], now=now, last=last)
        return len(pd.read_csv(tmp_path / HISTORY_NAME))

    assert epochs(1, 100.0) == 1
    assert epochs(2, 100.0 + SECONDS_BETWEEN_HISTORIES / 2) == 1
    assert epochs(3, 100.0 + SECONDS_BETWEEN_HISTORIES) == 3
    assert epochs(4, 100.0 + SECONDS_BETWEEN_HISTORIES, last=True) == 4


def test_a_checkpoint_is_due_after_a_while_or_at_once_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    often, seldom = keeping(tmp_path), keeping(tmp_path, every=3600.0)
    often.keep(checkpoint)
    assert often.is_due(0.0) is False  # of a clock that stands before the last one
    assert often.is_due(1e12)
    assert not seldom.is_due(0.0)
    assert seldom.is_due(1e12)


def test_what_is_kept_is_what_a_later_fit_finds(tmp_path: Path) -> None:
    keeping(tmp_path).keep(checkpoint)
    found, reasons = Checkpoints(tmp_path, mark="this fit").read()
    assert reasons == []
    assert found is not None
    assert found.rows == (row(1),)


def test_a_process_that_follows_writes_nothing_and_makes_no_checkpoint(tmp_path: Path) -> None:
    follows = keeping(tmp_path, share=Share(devices=2, process=1, processes=2))

    def never(now: float) -> Checkpoint:
        raise AssertionError(f"asked for a checkpoint at {now}")

    follows.keep(never)
    follows.tell([row(1)], now=0.0, last=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["history", "checkpoint"])
def test_a_place_that_cannot_be_written_to_costs_a_warning(tmp_path: Path, what: str) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    kept = keeping(file)
    if what == "history":
        kept.tell([row(1)], now=0.0, last=True)
    else:
        kept.keep(checkpoint)
    assert isinstance(kept.progress, Heard)
    (said,) = kept.progress.warnings
    assert "cannot be written" in said
