from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command

PACKAGE = Path(__file__).parent / "third_party"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package of somebody else, by pip, where only its tests see it."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(PACKAGE)], check=True)
    return target


def with_plugin(site: Path) -> dict[str, str]:
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{site}{os.pathsep}{known}" if known else str(site)}


def test_a_package_by_somebody_else_is_listed_with_all_it_offers(
    cellclf_process: Command, site: Path
) -> None:
    listed = json.loads(cellclf_process("plugins", "list", "--json", env=with_plugin(site)).stdout)
    (yeast,) = [plugin for plugin in listed if plugin["distribution"] == "thirdparty-yeast"]
    assert yeast["status"] == "ok"
    assert yeast["version"] == "2.1.0"
    assert yeast["offers"] == {
        "dataset": ["yeast"],
        "augmentation": ["dim"],
        "model": ["dot_net"],
        "metric": ["f_beta"],
        "callback": ["bud_log"],
    }


def test_all_that_it_offers_is_used_by_name_in_one_run(
    cellclf_process: Command, site: Path, tmp_path: Path
) -> None:
    (tmp_path / "yeast.toml").write_text(
        """
        [data]
        dataset = "yeast"
        image_size = 24
        [augmentation]
        steps = ["rotation", "dim"]
        params.dim.least = 0.9
        [models.dot_net]
        params.filters = 6
        [evaluation]
        metrics = ["accuracy", "thirdparty-yeast/f_beta"]
        [training]
        epochs = 2
        callbacks = ["bud_log"]
        """
    )
    cellclf_process("run", "yeast.toml", "--out", "run", env=with_plugin(site))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert set(metrics["models"]["dot_net"]["test"]) == {"accuracy", "thirdparty-yeast/f_beta"}
    log = (tmp_path / "run" / "training" / "dot_net" / "buds.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in log] == ["epoch", "0", "1"]
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["versions"]["thirdparty-yeast"] == "2.1.0"
    predicted = cellclf_process("predict", "run", "run/figures/*.png", env=with_plugin(site))
    assert "budding" in predicted.stdout
