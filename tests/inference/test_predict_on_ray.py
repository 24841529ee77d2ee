"""A cluster writes what one process writes, also where it loses a machine on the way."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

import cellclf
from benchmarks.ray_nodes import TwoNodes
from benchmarks.ray_two_nodes import compared, predict, with_a_loss
from cellclf.data.decode import DECODE_VERSION
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.inputs import Inputs
from cellclf.inference.parts import Part
from cellclf.network.build import build, weights_of
from cellclf.registry import installed
from cellclf.specs import ModelSpec

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    # What Ray warns of is not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]

SIZE, CLASSES = 32, ("long", "round")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of an installed plugin: workers have no other."""
    offer = installed().offer(ModelSpec, "custom_cnn")
    params = offer.spec.params()
    keras.utils.set_random_seed(0)
    network = build(offer.spec, params, image_size=SIZE, num_classes=len(CLASSES))
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    manifest = BundleManifest(
        architecture="custom_cnn",
        distribution=offer.distribution,
        distribution_version=offer.version,
        params=params.model_dump(mode="json"),
        classes=CLASSES,
        image_size=SIZE,
        resize="pad",
        decode_version=DECODE_VERSION,
    )
    write_bundle(path, manifest, weights_of(network))
    return path


def png(side: int, seed: int) -> bytes:
    image = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".png", image)[1].tobytes())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class Stopping:
    """Workers that fail after the first part."""

    def stream(
        self, classifier: Classifier, inputs: Inputs, **options: Any
    ) -> Generator[Part, None, None]:
        yield next(classifier.stream(inputs, **options))
        raise RuntimeError("killed")


def test_what_was_stopped_goes_on_to_the_files_of_one_process(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cells").mkdir()
    for number in range(150):
        content = b"none" if number % 40 == 3 else png(40, number)
        Path(f"cells/{number:03}.png").write_bytes(content)
    with zipfile.ZipFile("more.zip", "w") as archive:
        archive.writestr("1.png", png(40, 1000))
    np.save("more.npy", np.zeros((5, 20, 30, 3), np.uint8))
    names, workers = ["cells", "more.zip", "more.npy"], cellclf.RayWorkers()
    classifier = cellclf.load(bundle)
    cellclf.predict(classifier, names, out="alone/new.csv")
    with pytest.raises(RuntimeError, match="killed"):
        cellclf.predict(classifier, names, out="ray/new.csv", workers=Stopping())
    totals = cellclf.predict(classifier, names, out="ray/new.csv", resume=True, workers=workers)
    assert (totals.counts.images, totals.counts.unreadable) == (152, 4)
    assert contents(Path("ray")) == contents(Path("alone"))


def test_a_node_that_is_lost_loses_no_row(bundle: Path, tmp_path: Path) -> None:
    images, distinct = 600, 4
    files = []
    for number in range(distinct):  # large, so that there is a middle to be killed in
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(png(1500, number))
    (tmp_path / "cells").mkdir()
    for number in range(images):
        (tmp_path / "cells" / f"{number:03}.png").hardlink_to(files[number % distinct])
    command = (str(bundle), str(tmp_path / "cells"))
    predict(*command, "--out", str(tmp_path / "alone.parquet"))
    with TwoNodes() as nodes:
        with_a_loss(nodes, command, tmp_path / "ray.parquet", images)
    found = compared(tmp_path / "alone.parquet", tmp_path / "ray.parquet")
    assert (found.rows, found.distinct) == (images, images)
    assert found.difference < 1e-6
    sidecars = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("alone", "ray")]
    assert sidecars[0] == sidecars[1]
