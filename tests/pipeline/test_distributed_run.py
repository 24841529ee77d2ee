"""A whole run on several devices and in several processes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cellclf.errors import ExperimentError
from cellclf.network import backend
from cellclf.network.distribution import PROCESSES
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from tests.images import write_folder
from tests.launching import launch, needs_jax, together

RUN = Path(__file__).with_name("distributed_run.py")
SEED = "3"
WITHIN = 1e-4


def cells(folder: Path) -> Path:
    write_folder(folder / "cells", {"lymphocyte": 14, "monocyte": 14, "neutrophil": 21})
    return folder


def losses(finished: FinishedRun) -> list[float]:
    history = pd.read_csv(finished.path / "training" / "tiny_net" / "history.csv")
    return list(history["loss"])


@pytest.mark.skipif(backend.current() == backend.DISTRIBUTING, reason="this backend can distribute")
def test_a_backend_that_cannot_distribute_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="needs KERAS_BACKEND=jax"):
        run(
            data={"path": cells(tmp_path) / "cells"},
            training={"distribution": "data_parallel"},
            out=tmp_path / "out",
        )
    assert not (tmp_path / "out").exists()


def test_variables_of_a_launch_are_held_against_the_experiment_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROCESSES, "2")
    with pytest.raises(ExperimentError, match="must be the address of process 0"):
        run(data={"path": cells(tmp_path) / "cells"}, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cells(tmp_path_factory.mktemp("distributed run"))


@pytest.fixture(scope="module")
def alone(folder: Path) -> FinishedRun:
    together(RUN, "none", "alone", SEED, cwd=folder)
    return FinishedRun(folder / "alone")


@pytest.mark.slow
@needs_jax
def test_a_run_in_two_processes_is_complete_and_learns_what_one_device_does(
    folder: Path, alone: FinishedRun
) -> None:
    together(RUN, "data_parallel", "both", SEED, processes=2, devices=2, cwd=folder)
    finished = FinishedRun(folder / "both")
    assert len(finished.record["devices"]) == 4
    assert losses(finished) == pytest.approx(losses(alone), abs=WITHIN)
    written = {path.relative_to(finished.path) for path in finished.path.rglob("*")}
    assert written == {path.relative_to(alone.path) for path in alone.path.rglob("*")}
    assert list(finished.predictions()["sample_id"]) == list(alone.predictions()["sample_id"])


@pytest.mark.slow
@needs_jax
def test_a_batch_that_the_devices_cannot_divide_ends_the_run_with_one_message(
    folder: Path,
) -> None:
    (done,) = launch([RUN, "data_parallel", "uneven", SEED], devices=3, cwd=folder)
    assert done.returncode == 1
    assert "training.batch_size: must be a multiple of the 3 devices" in done.stdout


@pytest.mark.slow
@needs_jax
def test_processes_that_were_given_different_experiments_stop_with_a_reason(folder: Path) -> None:
    finished = launch(
        [RUN, "data_parallel", "different", SEED],
        [RUN, "data_parallel", "different", "4"],
        cwd=folder,
    )
    for done in finished:
        assert done.returncode == 1, done.stdout
        assert "must have the same experiment" in done.stdout
