"""Several devices and processes train what one device would have trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.launching import launch, needs_jax, together

pytestmark = [pytest.mark.slow, needs_jax]

FIT = Path(__file__).with_name("distributed_fit.py")
STEPS = 20
WITHIN = 1e-4


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("alone")
    together(FIT, "none", folder, cwd=folder)
    return result(folder)


def result(folder: Path, process: int = 0) -> dict[str, np.ndarray]:
    with np.load(folder / f"result-{process}.npz") as stored:
        return dict(stored)


def assert_same_training(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], *, devices: int
) -> None:
    assert found["devices"] == devices
    assert found["steps"] == expected["steps"] == STEPS
    np.testing.assert_allclose(found["figures"], expected["figures"], atol=WITHIN, rtol=0)
    np.testing.assert_allclose(found["weights"], expected["weights"], atol=WITHIN, rtol=0)


def test_four_devices_of_one_process_train_as_one_device_does(
    alone: dict[str, np.ndarray], tmp_path: Path
) -> None:
    together(FIT, "data_parallel", tmp_path, devices=4, cwd=tmp_path)
    assert_same_training(result(tmp_path), alone, devices=4)


def test_two_processes_that_were_killed_and_go_on_train_as_one_device_does(
    alone: dict[str, np.ndarray], tmp_path: Path
) -> None:
    killed = launch(*[[FIT, "data_parallel", tmp_path, 3]] * 2, devices=2, cwd=tmp_path)
    assert all(done.returncode for done in killed)
    assert not list(tmp_path.glob("result*"))
    assert list(tmp_path.glob("checkpoint*")), killed[0].stdout
    together(FIT, "data_parallel", tmp_path, processes=2, devices=2, cwd=tmp_path)
    for process in range(2):
        assert_same_training(result(tmp_path, process), alone, devices=4)
