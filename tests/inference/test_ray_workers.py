"""Dividing a cluster, and what is said where it cannot work; without a cluster."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from cellclf.errors import BundleError, RunError
from cellclf.inference import ray_workers
from cellclf.inference.actor import Answer
from cellclf.inference.classifier import Classifier, load
from cellclf.inference.inputs import Files, Inputs
from cellclf.inference.ray_workers import RayWorkers, Share, share
from tests.conftest import Command
from tests.inference import test_classifier as tiny

network, bundle = tiny.network, tiny.bundle


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return load(bundle, registry=tiny.REGISTRY)


@pytest.mark.parametrize(
    ("machines", "graphics", "wanted"),
    [
        ([{"CPU": 1}, {"CPU": 1}], False, Share(actors=2, processors=1)),
        ([{"CPU": 64}], False, Share(actors=8, processors=8)),
        ([{"CPU": 3}, {"CPU": 8}], False, Share(actors=3, processors=3)),
        ([{"memory": 1e9}, {"CPU": 2}], False, Share(actors=1, processors=2)),
        ([{"CPU": 8, "GPU": 4}], False, Share(actors=1, processors=8)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8}], True, Share(actors=4, processors=2, graphics=1)),
        ([{"CPU": 2, "GPU": 4}], True, Share(actors=1, processors=2)),
    ],
)
def test_machines_are_divided(
    machines: list[dict[str, float]], graphics: bool, wanted: Share
) -> None:
    assert share(machines, graphics=graphics) == wanted


def test_a_cluster_without_processors_is_refused() -> None:
    with pytest.raises(RunError, match="no machine of the cluster offers a processor"):
        share([{"CPU": 0}], graphics=False)


@pytest.mark.parametrize("actors", [1, 2, 50])
@pytest.mark.parametrize("images", [1, 64, 65, 700, 9000])
def test_blocks_are_of_whole_chunks_in_order(actors: int, images: int) -> None:
    names = [f"/{number}.png" for number in range(images)]
    blocks = [*ray_workers._blocks(Inputs([Files(names=names)]), chunk=64, actors=actors, done=128)]
    lengths = [len(block) for block in blocks]
    assert sum(lengths) == images
    assert all(length % 64 == 0 and length <= ray_workers.BLOCK for length in lengths[:-1])
    places = [place for block in blocks for place in block["place"].to_pylist()]
    assert places == [*range(128, 128 + images)]


def test_ray_that_is_not_installed_is_said(
    monkeypatch: pytest.MonkeyPatch, cellclf_command: Command
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(ray_workers, "version", missing)
    done = cellclf_command("predict", "run", "cells", "--workers", "ray", check=False)
    assert done.returncode == 1
    assert "pip install 'cellclf[ray]'" in done.stderr.replace("\n", " ")


def test_an_address_without_ray_is_a_mistake(cellclf_command: Command) -> None:
    done = cellclf_command("predict", "run", "cells", "--ray-address", "auto", check=False)
    assert done.returncode == 2
    assert "--workers ray" in done.stderr


def test_a_bundle_that_has_changed_is_refused(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "version", lambda name: name)
    changed = tmp_path / "other.safetensors"
    monkeypatch.setattr(classifier, "path", changed)
    with pytest.raises(BundleError, match="cannot be read"):
        next(RayWorkers().stream(classifier, Inputs([Files(names=["a.png"])])))
    changed.write_bytes(b"other")
    with pytest.raises(BundleError, match="has changed since it was loaded"):
        next(RayWorkers().stream(classifier, Inputs([Files(names=["a.png"])])))


def test_what_a_worker_says_is_said_with_its_machine(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a worker on node7 failed: no engine"):
        ray_workers._check(Answer(parts=(), machine="node7", failed="no engine"))
    here = tmp_path / "1.png"
    ray_workers._check(Answer(parts=(), machine="node7", unseen=str(here)))  # gone here too
    here.touch()
    with pytest.raises(RunError, match=r"node7 does not see .*1\.png.*shared drive"):
        ray_workers._check(Answer(parts=(), machine="node7", unseen=str(here)))


def test_ray_is_not_imported_unless_asked_for() -> None:
    code = (
        "import sys, cellclf.cli.predict, cellclf.inference.ray_workers as workers; "
        "workers.RayWorkers; print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
