from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

SOURCE = Path(__file__).parents[1] / "src"
ENTRY_POINT = "[cellclf]\nmlflow = cellclf_mlflow.plugin\n"
METADATA = "Metadata-Version: 2.1\nName: cellclf-mlflow\nVersion: 0.1.0\n"

READ = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.get_experiment_by_name("cells")
(run,) = client.search_runs([experiment.experiment_id])
history = client.get_metric_history(run.info.run_id, "val_cross_entropy")
print(json.dumps({
    "params": run.data.params,
    "tags": run.data.tags,
    "status": run.info.status,
    "losses": [[one.step, one.value] for one in history],
    "metrics": sorted(run.data.metrics),
}))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The plugin as if it were installed, seen by this test alone."""
    site = tmp_path / "site"
    metadata = site / "cellclf_mlflow-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(METADATA)
    (metadata / "entry_points.txt").write_text(ENTRY_POINT)
    path = os.pathsep.join([str(SOURCE), str(site), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "MLFLOW_ALLOW_FILE_STORE": "true"}


@pytest.mark.slow
def test_mlflow_holds_parameters_epochs_and_the_best_epoch_of_a_training(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    pytest.importorskip("mlflow")
    rng = np.random.default_rng(1)
    for shade, name in ((60, "round"), (180, "long")):
        (tmp_path / "cells" / name).mkdir(parents=True)
        for number in range(16):
            pixels = rng.normal(shade, 30, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "cells" / name / f"{number}.png")
    settings = [
        "training.epochs=2",
        "data.image_size=32",
        'training.callbacks=["mlflow"]',
        'training.callback_params.mlflow.experiment="cells"',
    ]
    command = [sys.executable, "-m", "cellclf", "run", "--data", "cells", "--out", "run"]
    command += ["--model", "custom_cnn", *(f"--set={setting}" for setting in settings)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    store = (tmp_path / "run" / "mlflow").absolute().as_uri()
    read = subprocess.run(
        [sys.executable, "-c", READ, store], env=environment, capture_output=True, text=True
    )
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout)
    history = pd.read_csv(tmp_path / "run" / "training" / "custom_cnn" / "history.csv")
    assert [step for step, _ in found["losses"]] == [1, 2]
    assert [loss for _, loss in found["losses"]] == pytest.approx(list(history["validation_loss"]))
    facts = json.loads((tmp_path / "run" / "training" / "custom_cnn" / "facts.json").read_text())
    assert found["tags"]["best_epoch"] == str(facts["best_epoch"])
    assert found["params"]["training.epochs"] == "2"
    assert found["params"]["architecture"] == "custom_cnn"
    assert {"learning_rate", "images_per_second", "accuracy"} <= set(found["metrics"])
    assert found["status"] == "FINISHED"
