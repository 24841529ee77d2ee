from __future__ import annotations

import pytest

from cellclf.errors import ExperimentError
from cellclf.network import backend
from cellclf.network.distribution import (
    ADDRESSES,
    ALONE,
    PROCESS,
    PROCESSES,
    Share,
    check_distribution,
    join,
    launched,
)

needs_other_backend = pytest.mark.skipif(
    backend.current() == backend.DISTRIBUTING, reason="this backend distributes"
)


@pytest.fixture(autouse=True)
def _not_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ADDRESSES, PROCESSES, PROCESS):
        monkeypatch.delenv(name, raising=False)


def launch_as(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_process_learns_from_its_environment_which_one_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert launched() == (0, 1)
    launch_as(monkeypatch, **{ADDRESSES: "10.0.0.1:9", PROCESSES: "3", PROCESS: "2"})
    assert launched() == (2, 3)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({PROCESSES: "2"}, f"{ADDRESSES}: must be the address of process 0"),
        ({PROCESSES: "2", ADDRESSES: "a:1"}, f"{PROCESS}: must be a whole number from 0"),
        ({PROCESSES: "2", ADDRESSES: "a:1", PROCESS: "2"}, f"{PROCESS}: must be from 0 to 1"),
        ({PROCESSES: "two"}, f"{PROCESSES}: must be a whole number from 1. Received: two"),
        ({PROCESSES: "0"}, f"{PROCESSES}: must be a whole number from 1. Received: 0"),
    ],
)
def test_variables_that_do_not_fit_each_other_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    launch_as(monkeypatch, **variables)
    with pytest.raises(ExperimentError, match=message):
        launched()


@needs_other_backend
def test_a_backend_that_cannot_distribute_is_refused_with_what_to_do() -> None:
    with pytest.raises(ExperimentError, match=r"needs KERAS_BACKEND=jax.*pip install jax"):
        check_distribution("data_parallel")


def test_several_processes_for_a_training_that_is_not_shared_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launch_as(monkeypatch, **{ADDRESSES: "10.0.0.1:9", PROCESSES: "2", PROCESS: "1"})
    with pytest.raises(ExperimentError, match=r'must be "data_parallel".*NUM_PROCESSES is 2'):
        check_distribution("none")


def test_a_training_that_is_not_shared_is_that_of_one_device() -> None:
    check_distribution("none")
    assert join("none") == ALONE == Share(devices=1, process=0, processes=1)
    ALONE.agree(anything="at all")


@pytest.mark.parametrize(
    ("devices", "batch_size", "advice"), [(4, 30, "28 or 32"), (8, 6, "such as 8")]
)
def test_a_batch_that_devices_cannot_divide_is_refused_with_sizes_that_they_can(
    devices: int, batch_size: int, advice: str
) -> None:
    with pytest.raises(ExperimentError, match=rf"multiple of the {devices} devices.*{advice}"):
        Share(devices=devices).require_divides(batch_size)
