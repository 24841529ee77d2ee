"""The main job on real images, where `CELLCLF_REAL_DATA` says that there are some."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Command

PER_CLASS = 20
ARCHITECTURES = ("custom_cnn", "efficientnet_b4", "vgg16")

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture
def pbc() -> Path:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "pbc").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds pbc/")
    return Path(place) / "pbc"


def test_three_architectures_are_compared_and_their_bundles_predict_as_the_run_did(
    pbc: Path, cellclf_process: Command, tmp_path: Path
) -> None:
    for folder in sorted(pbc.iterdir()):
        wanted = tmp_path / "cells" / folder.name
        wanted.mkdir(parents=True)
        for path in sorted(folder.iterdir())[:PER_CLASS]:
            shutil.copy(path, wanted)
    models = [word for name in ARCHITECTURES for word in ("--model", name)]
    shared = ("--dataset", "blood_cells", "--data", "cells", "--epochs", "1")
    cellclf_process("run", *shared, *models, "--image-size", "64", "--out", "run")
    comparison = json.loads((tmp_path / "run" / "metrics.json").read_text())["comparison"]
    assert [row["model"] for row in comparison] == list(ARCHITECTURES)
    for name in ARCHITECTURES:
        said = pd.read_parquet(tmp_path / "run" / "predictions" / f"{name}.parquet")
        bundle = tmp_path / "run" / "models" / f"{name}.safetensors"
        cellclf_process("predict", bundle, "cells", "--out", f"{name}.csv")
        again = pd.read_csv(tmp_path / f"{name}.csv").set_index("path")
        columns = [column for column in said.columns if column.startswith("p_")]
        paths = [str(Path(path).relative_to(tmp_path)) for path in said["path"]]
        np.testing.assert_allclose(again.loc[paths, columns], said[columns], atol=1e-5)
