from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.errors import RunError
from cellclf.experiment import TrainingSettings
from cellclf.training.checkpoint import (
    Checkpoint,
    UnusableCheckpointError,
    assign,
    fingerprint,
    read_checkpoint,
    values_of,
    write_checkpoint,
)
from cellclf.training.history import EpochRow

ROW = EpochRow(
    epoch=1,
    loss=1 / 3,
    accuracy=0.1,
    validation_loss=2 / 3,
    validation_accuracy=0.7,
    learning_rate=1e-3,
    seconds=1.5,
    images_per_second=100.0,
)
CHECKPOINT = Checkpoint(
    rows=(ROW,),
    model=[np.arange(n, dtype=np.float32) for n in range(12)],
    optimizer=[np.array(7, dtype=np.int64), np.array([1, 2], dtype=np.uint32)],
    best=[np.full((2, 2), np.float32(0.1))],
)


def test_a_checkpoint_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, CHECKPOINT, mark="abc")
    found = read_checkpoint(path, mark="abc")
    assert found is not None
    assert found.rows == CHECKPOINT.rows
    for group in ("model", "optimizer", "best"):
        for got, wanted in zip(getattr(found, group), getattr(CHECKPOINT, group), strict=True):
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(got, wanted)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "checkpoint.safetensors", mark="abc") is None


def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, CHECKPOINT, mark="abc")
    with pytest.raises(UnusableCheckpointError, match="other settings or data"):
        read_checkpoint(path, mark="abd")


@pytest.mark.parametrize("length", [0, 5, 200, -1])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, CHECKPOINT, mark="abc")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UnusableCheckpointError, match="cannot be read"):
        read_checkpoint(path, mark="abc")


def test_a_checkpoint_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        write_checkpoint(tmp_path / "file" / "checkpoint.safetensors", CHECKPOINT, mark="abc")


def test_values_are_copies_that_training_does_not_change() -> None:
    variable = keras.Variable([1.0, 2.0])
    (kept,) = values_of([variable])
    variable.assign_add([5.0, 5.0])
    np.testing.assert_array_equal(kept, [1, 2])


def test_values_that_do_not_fit_change_nothing() -> None:
    first, second = keras.Variable([1.0]), keras.Variable([2.0, 3.0])
    with pytest.raises(UnusableCheckpointError):
        assign([first, second], [np.array([9.0]), np.array([9.0])])
    np.testing.assert_array_equal(values_of([first])[0], [1])


def test_the_fingerprint_knows_the_data_the_network_and_the_settings(
    toy: Any, network: Callable[..., keras.Model]
) -> None:
    def mark(*, rate: float = 0.1, changes: dict[str, Any] | None = None, **batches: Any) -> str:
        return fingerprint(
            network(),
            toy.batches(**batches),
            judged_on=np.array([[1, 2]]),
            settings=TrainingSettings(**(changes or {})),
            learning_rate=rate,
        )

    marks = [mark(), mark(rate=0.2), mark(changes={"epochs": 7}), mark(seed=4)]
    assert len(set(marks)) == len(marks)
    assert mark() == marks[0]
