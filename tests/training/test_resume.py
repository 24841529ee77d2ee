"""What is lost when a fit is killed within an epoch, or its disk is full: nothing but a moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.data.batches import TrainingBatches
from cellclf.settings import TrainingSettings
from cellclf.training.checkpoint import values_of
from cellclf.training.feed import Batch
from cellclf.training.fit import fit
from cellclf.training.history import History
from tests.training.toy import Toy, toy_network

KILLS = 30
SETTINGS = TrainingSettings(epochs=3, batch_size=8, weight_decay=0.01)


class Halting:
    """Batches of which two come late, long after the step before them: they are looked at and kept.

    Args:
        batches: What is given.
        heard: Counts the steps that were reported.
    """

    def __init__(self, batches: TrainingBatches, heard: Any) -> None:
        self._batches = batches
        self._heard = heard

    def __len__(self) -> int:
        return len(self._batches)

    def batch(self, number: int, epoch: int) -> Batch:
        if epoch == 2 and number in (2, 4):
            reported = epoch * len(self) + (0 if number == 2 else 3)
            for _ in range(200):
                if self._heard.steps >= reported:
                    break
                time.sleep(0.1)
            time.sleep(0.5)
        return self._batches.batch(number, epoch)


def train(model: keras.Model, toy: Toy, directory: Path, progress: Any, **changes: Any) -> History:
    return fit(
        model,
        Halting(toy.batches(), progress),
        validation=toy.validation,
        settings=SETTINGS.model_copy(update=changes),
        learning_rate=0.02,
        directory=directory,
        progress=progress,
        checkpoint_every=0,
    )


def numbers(history: History) -> Any:
    return history.table.drop(columns=["seconds", "images_per_second"]).to_numpy()


@pytest.mark.parametrize("averaging", [0.0, 0.1])
def test_a_fit_that_is_interrupted_within_an_epoch_goes_on_there(
    toy: Toy, tmp_path: Path, new_listener: Any, averaging: float
) -> None:
    whole = toy_network()
    history = train(whole, toy, tmp_path / "whole", new_listener(), averaging=averaging)

    batches = len(toy.batches())
    with pytest.raises(KeyboardInterrupt):
        interrupted = new_listener(interrupt_after=2 * batches + 4)
        train(toy_network(), toy, tmp_path / "part", interrupted, averaging=averaging)
    resumed, listener = toy_network(seed=99), new_listener()
    again = train(resumed, toy, tmp_path / "part", listener, averaging=averaging)

    done = int(listener.notes[0].removeprefix("resumed after epoch 2 and ").split()[0])
    assert 0 < done < batches
    assert listener.steps == listener.total
    np.testing.assert_array_equal(numbers(again), numbers(history))
    for one, other in zip(values_of(resumed.variables), values_of(whole.variables), strict=True):
        np.testing.assert_array_equal(one, other)


class Fits:
    """A process that does one fit after the other in processes of their own; see `killed_fit`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.training.killed_fit"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def begin(self, folder: Path) -> int:
        """Return the number of the process that fits in `folder`."""
        assert self._process.stdin is not None
        folder.mkdir(exist_ok=True)
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for it; return its exit status."""
        return self._answer()

    def close(self) -> None:
        self._process.communicate()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def fits() -> Iterator[Fits]:
    made = Fits()
    try:
        yield made
    finally:
        made.close()


def result_of(folder: Path) -> list[Any]:
    with np.load(folder / "result.npz") as stored:
        return [stored[name] for name in stored]


def assert_same_result(folder: Path, wanted: list[Any]) -> None:
    for one, other in zip(result_of(folder), wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def seconds_of_a_fit(process: Fits, folder: Path) -> float:
    process.begin(folder)
    began = time.monotonic()
    assert process.end() == 0
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_fits_that_are_killed_at_any_moment_go_on_to_the_same_bits(tmp_path: Path) -> None:
    with fits() as process:
        whole = seconds_of_a_fit(process, tmp_path / "whole")
        wanted = result_of(tmp_path / "whole")

        delays = random.Random(0)
        killed = within = 0
        for number in range(KILLS):
            folder = tmp_path / str(number)
            if number % 5 == 4:  # the machine may have got more or less to do
                whole = seconds_of_a_fit(process, tmp_path / f"whole-{number}")
            pid = process.begin(folder)
            # The first part goes into compiling: one in five is killed there, the others later.
            begins, ends = (0.1, 0.4) if number % 5 == 0 else (0.4, 1.0)
            time.sleep(delays.uniform(begins, ends) * whole)
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(pid, signal.SIGKILL)
            killed += process.end() == -signal.SIGKILL
            left = sorted(path.name for path in folder.rglob("checkpoint-*"))
            within += bool(left) and not left[-1].endswith("-000000000.safetensors")
            if number % 3 == 0 and left:
                newest = folder / "checkpoints" / left[-1]
                newest.write_bytes(newest.read_bytes()[:-20])
            process.begin(folder)
            assert process.end() == 0
            assert_same_result(folder, wanted)
    assert killed > KILLS / 2
    assert within > KILLS / 4


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 32 KiB, in memory; skips the test where none may be mounted."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=32k", "none", str(folder)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_fit_outlives_a_full_disk_and_goes_on_once_there_is_room(
    toy: Toy, tmp_path: Path, new_listener: Any
) -> None:
    whole = toy_network()
    history = train(whole, toy, tmp_path / "whole", new_listener())
    with small_disk(tmp_path / "disk") as disk:
        filler = disk / "something else"
        batches, interrupted = len(toy.batches()), new_listener()

        def fill() -> None:
            if interrupted.steps >= batches and not filler.exists():
                with pytest.raises(OSError, match="No space left"):
                    filler.write_bytes(bytes(64 * 1024))
            if interrupted.steps >= 2 * batches:
                raise KeyboardInterrupt

        interrupted.then = fill
        with pytest.raises(KeyboardInterrupt):
            train(toy_network(), toy, disk, interrupted)
        assert any("could not go on" in line for line in interrupted.warned)
        filler.unlink()
        resumed, listener = toy_network(seed=99), new_listener()
        again = train(resumed, toy, disk, listener)
        assert listener.notes[0].startswith("resumed after epoch ")
    np.testing.assert_array_equal(numbers(again), numbers(history))
    for one, other in zip(values_of(resumed.variables), values_of(whole.variables), strict=True):
        np.testing.assert_array_equal(one, other)
