from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import keras
import numpy as np
import pytest

from cellclf.errors import RunError
from cellclf.training.checkpoint import (
    Checkpoint,
    Checkpoints,
    UnusableCheckpointError,
    assign,
    values_of,
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
    batch=3,
    epoch_seconds=0.1,
    seconds=1 / 3,
    share=0.2,
    model=[np.arange(n, dtype=np.float32) for n in range(12)],
    optimizer=[np.array(7, dtype=np.int64), np.array([1, 2], dtype=np.uint32)],
    metrics=[np.array(4.5, dtype=np.float32)],
    best=[np.full((2, 2), 0.1, dtype=np.float32)],
)
MARK = "abc"
STATE, BEST = "checkpoint-000001-000000003.safetensors", "best-000001.safetensors"


def later(epochs: int, *, best: float = 1.0) -> Checkpoint:
    rows = tuple(replace(ROW, epoch=n + 1) for n in range(epochs - 1))
    last = replace(ROW, epoch=epochs, validation_loss=best)
    return replace(CHECKPOINT, rows=(*rows, last), batch=0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_equal(found: Checkpoint | None, wanted: Checkpoint) -> None:
    assert found is not None
    for field in fields(Checkpoint):
        got, expected = getattr(found, field.name), getattr(wanted, field.name)
        if not isinstance(expected, list):
            assert got == expected
            continue
        for one, other in zip(got, expected, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_a_checkpoint_reads_as_it_was_written(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, mark=MARK)
    kept.write(CHECKPOINT)
    found, reasons = kept.read()
    assert_equal(found, CHECKPOINT)
    assert reasons == []
    assert names(tmp_path) == [BEST, STATE]


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, mark=MARK).read() == (None, [])


def test_the_newest_two_are_kept_with_the_best_weights_that_they_name(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, mark=MARK)
    # Epoch 1 is the best until epoch 3, which epoch 4 does not better.
    for checkpoint in (CHECKPOINT, later(2), later(3, best=0.1)):
        kept.write(checkpoint)
    assert names(tmp_path) == [
        BEST,
        "best-000003.safetensors",
        "checkpoint-000002-000000000.safetensors",
        "checkpoint-000003-000000000.safetensors",
    ]
    fourth = replace(later(3, best=0.1), rows=(*later(3, best=0.1).rows, replace(ROW, epoch=4)))
    kept.write(fourth)
    assert names(tmp_path) == [
        "best-000003.safetensors",
        "checkpoint-000003-000000000.safetensors",
        "checkpoint-000004-000000000.safetensors",
    ]
    assert_equal(kept.read()[0], fourth)


def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path, mark=MARK).write(CHECKPOINT)
    found, (reason,) = Checkpoints(tmp_path, mark="abd").read()
    assert found is None
    assert "other settings or data" in reason


@pytest.mark.parametrize("length", [0, 5, 100, -1])
@pytest.mark.parametrize("name", [STATE, BEST.replace("1", "2")])
def test_where_the_newest_is_cut_short_the_one_before_it_is_taken(
    tmp_path: Path, length: int, name: str
) -> None:
    kept = Checkpoints(tmp_path, mark=MARK)
    newest = later(2, best=0.1)
    kept.write(CHECKPOINT)
    kept.write(newest)
    path = tmp_path / name.replace(STATE, "checkpoint-000002-000000000.safetensors")
    path.write_bytes(path.read_bytes()[:length])
    found, (reason,) = kept.read()
    assert "cannot be read" in reason
    assert_equal(found, CHECKPOINT)


def test_a_number_that_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, mark=MARK)
    kept.write(CHECKPOINT)
    content = bytearray((tmp_path / STATE).read_bytes())
    content[-1] ^= 1
    (tmp_path / STATE).write_bytes(content)
    found, (reason,) = kept.read()
    assert found is None
    assert "its numbers have changed" in reason


def test_a_checkpoint_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        Checkpoints(tmp_path / "file", mark=MARK).write(CHECKPOINT)


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
