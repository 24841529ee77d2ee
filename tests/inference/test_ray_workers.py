"""Dividing a cluster, and what is said where it cannot work; without a cluster."""

from __future__ import annotations

import socket
import subprocess
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import pytest

from cellclf.errors import BundleError, RunError
from cellclf.inference import actor, ray_workers
from cellclf.inference.actor import Actor, Answer, Orders
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Files, Inputs
from cellclf.inference.loading import load
from cellclf.inference.ray_workers import RayWorkers, Share, share
from cellclf.terms import Views
from tests import loaded
from tests.conftest import Command

network, bundle = loaded.network, loaded.bundle


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return load(bundle, registry=loaded.REGISTRY)


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


def test_a_bundle_that_is_gone_is_said(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "version", lambda name: name)
    monkeypatch.setattr(classifier, "paths", (tmp_path / "other.safetensors",))
    with pytest.raises(BundleError, match=r"other\.safetensors cannot be read"):
        next(RayWorkers().stream(classifier, Inputs([Files(names=["a.png"])])))


def test_no_cluster_is_asked_for_no_images(classifier: Classifier) -> None:
    pytest.importorskip("ray")
    assert [*RayWorkers("127.0.0.1:1").stream(classifier, Inputs([]))] == []


def test_an_address_at_which_nothing_listens_is_said() -> None:
    pytest.importorskip("ray")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
    with pytest.raises(RunError, match=f"no Ray cluster answers at {address}: .*refused"):
        ray_workers._connect(address, "")


def orders_of(classifier: Classifier, **changes: Any) -> Orders:
    values: dict[str, Any] = {
        "names": [path.name for path in classifier.paths],
        "bundles": lambda: [path.read_bytes() for path in classifier.paths],
        "sha256": classifier.sha256,
        "engine": "keras",
        "views": "none",
        "batch": 8,
        "backend": "tensorflow",
        "processors": 1,
    }
    return Orders(**{**values, **changes})


@pytest.fixture
def images(tmp_path: Path) -> Inputs:
    for number, image in enumerate(loaded.images(5)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    (tmp_path / "3.png").write_bytes(b"none")
    return find_inputs(tmp_path)


def answer(orders: Orders, images: Inputs, monkeypatch: pytest.MonkeyPatch) -> Answer:
    for name in ("LOKY_MAX_CPU_COUNT", "KERAS_BACKEND"):  # an actor has a process of its own
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(actor, "load", partial(load, registry=loaded.REGISTRY))
    (block,) = ray_workers._blocks(images, chunk=64, actors=1, done=0)
    found = Actor(orders)(block)[actor.ANSWER][0]
    assert isinstance(found, Answer)
    return found


@pytest.mark.parametrize(("models", "views"), [(1, "none"), (1, "flips"), (2, "none")])
def test_an_actor_says_what_the_classifier_says(
    bundle: Path, images: Inputs, monkeypatch: pytest.MonkeyPatch, models: int, views: Views
) -> None:
    classifier = load([bundle] * models, views=views, registry=loaded.REGISTRY)
    found = answer(orders_of(classifier, views=views), images, monkeypatch)
    (part,), (wanted,) = found.parts, classifier.stream(images)
    assert not found.failed
    assert not found.unseen
    assert part.asked == wanted.asked
    assert part.unreadable == wanted.unreadable
    pd.testing.assert_frame_equal(part.table, wanted.table, rtol=1e-5)


def test_an_actor_says_why_it_cannot(
    classifier: Classifier, images: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = orders_of(classifier, sha256="0" * 64)
    assert "has changed since it was loaded" in answer(changed, images, monkeypatch).failed
    engine = orders_of(classifier, engine="opnvino")
    assert "opnvino" in answer(engine, images, monkeypatch).failed


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
