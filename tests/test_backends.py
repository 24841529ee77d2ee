"""The same code on every backend: one trains, another predicts, and they agree."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Command

DEFAULT = "tensorflow"
DEMO = (
    *("run", "--dataset", "blood_cells_demo", "--model", "custom_cnn"),
    *("--image-size", "32", "--epochs", "2", "--set", "data.params.images_per_class=12"),
)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_bundle_made_on_one_backend_predicts_the_same_on_another(
    cellclf_process: Command, tmp_path: Path, backend: str
) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    cellclf_process(*DEMO, "--out", "run", env={"KERAS_BACKEND": backend})
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["versions"]["backend"] == backend
    tables = []
    for name in (backend, DEFAULT):
        out = tmp_path / f"{name}.csv"
        cellclf_process("predict", "run", "run/figures", "--out", out, env={"KERAS_BACKEND": name})
        tables.append(pd.read_csv(out))
    columns = [name for name in tables[0].columns if name.startswith("p_")]
    assert len(columns) == 8
    np.testing.assert_allclose(tables[0][columns], tables[1][columns], atol=1e-4)
