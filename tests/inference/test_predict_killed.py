"""A prediction that is killed at any moment goes on to the bytes of one that is not."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from tests import loaded
from tests.inference.predicting import contents
from tests.loaded import images

network, bundle = loaded.network, loaded.bundle

WITHOUT_KERAS = """
import sys, time
from pathlib import Path
import numpy as np
from cellclf.inference import results
from cellclf.inference.bundle import read_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from cellclf.inference.rebuild import architecture_of
from cellclf.network.outputs import Outputs
from cellclf.inference.predict import predict
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params

class TinyParams(Params):
    width: int = 4
    kernel: tuple[int, int] = (3, 3)

class Slow:
    name, batch_size = "slow", 16

    def __call__(self, images):
        time.sleep(0.02)
        light = images.mean(axis=(1, 2)).astype(np.float32) + 1
        return Outputs(probabilities=light / light.sum(axis=1, keepdims=True), features=light)

spec = ModelSpec(
    name="tiny", summary="Never built", build="nowhere:tiny", params=TinyParams, pixel_range=(0, 1),
    explain_layer="conv", min_image_size=8,
)
plugin = Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(spec,))
bundle, cells, out = map(Path, sys.argv[1:])
architecture = architecture_of(bundle, read_bundle(bundle), registry=Registry([plugin]))
results.COMMIT_SECONDS = 0.05
print("ready", flush=True)
classifier = Classifier(architecture, Slow(), None, [Path("tiny.safetensors")])
predict(classifier, cells, out=out, resume=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_ten_kills_at_random_change_nothing(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    files = [cv2.imencode(".png", image)[1].tobytes() for image in images(50)]
    for number in range(4000):
        (folder / f"{number:05}.png").write_bytes(files[number % 50] if number % 9 else b"")
    whole, out = tmp_path / "whole" / "new.csv", tmp_path / "killed" / "new.csv"

    def begun(place: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WITHOUT_KERAS, str(bundle), str(folder), str(place)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        return running

    with begun(whole) as running:
        assert running.wait() == 0
    delays = random.Random(0)
    for _ in range(10):  # all of it takes five seconds at least, and each commit a twentieth
        with begun(out) as running:
            time.sleep(delays.uniform(0, 0.5))
            running.kill()
        assert not out.exists()
    with begun(out) as running:
        assert running.wait() == 0
    assert contents(out.parent) == contents(whole.parent)
