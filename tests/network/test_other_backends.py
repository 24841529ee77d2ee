"""Networks are the same on every backend; each backend needs a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellclf.inference.explain import GradCam, Occlusion
from cellclf.network import backend
from cellclf.network.build import weights_of
from cellclf.network.forward import Forward

pytest.importorskip("cellclf_custom_cnn")

SIZE = 32

PREDICT = """
import sys
import numpy as np
import cellclf
cellclf.prepare_backend()
from cellclf.errors import ExperimentError
from cellclf.inference.explain import GradCam, Occlusion
from cellclf.network.backend import current
from cellclf.network.build import build, set_weights, weights_of
from cellclf.network.forward import Forward
from cellclf_custom_cnn.plugin import cellclf_models

weights, images, out = sys.argv[1:]
(spec,) = cellclf_models()
model = build(spec, spec.params(), image_size=32, num_classes=3)
with np.load(weights) as stored:
    given = {path.replace("|", "/"): stored[path] for path in stored.files}
set_weights(model, given)
back = weights_of(model)
assert list(back) == list(given), "other names, or another order"
assert all(np.array_equal(back[path], given[path]) for path in given)
forward, images = Forward(model), np.load(images)
outputs = forward(images)
classes = np.arange(len(images)) % 3
try:
    grad_cam = GradCam(model, spec.explain_layer)(images, classes)
    assert current() == "jax", "gradients on another backend"
except ExperimentError as error:
    assert current() == "torch" and "must be tensorflow or jax" in str(error), error
    grad_cam = np.zeros(0)
np.savez(
    out,
    probabilities=outputs.probabilities,
    features=outputs.features,
    grad_cam=grad_cam,
    occlusion=Occlusion(forward)(images, classes),
)
"""


def trained_a_little(images: Any) -> Any:
    import keras
    from cellclf_custom_cnn.plugin import cellclf_models

    from cellclf.network.build import build

    backend.seed_everything(4)
    (spec,) = cellclf_models()
    model = build(spec, spec.params(), image_size=SIZE, num_classes=3)
    # Statistics and weights of a real network, not the zeros and ones of a fresh one.
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    targets = np.eye(3, dtype=np.float32)[np.arange(len(images)) % 3]
    for _ in range(3):
        model.train_on_batch(images, targets)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("other", ["jax", "torch"])
def test_weights_moved_to_another_backend_give_the_same_probabilities_and_maps(
    tmp_path: Path, other: str
) -> None:
    if find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    if backend.current() == other:
        pytest.skip("this process already runs on it")
    images = np.random.default_rng(6).integers(0, 256, (12, SIZE, SIZE, 3), dtype=np.uint8)
    model = trained_a_little(images)
    forward, classes = Forward(model), np.arange(len(images)) % 3
    here = forward(images)
    stored = {path.replace("/", "|"): array for path, array in weights_of(model).items()}
    np.savez(tmp_path / "weights.npz", **stored)
    np.save(tmp_path / "images.npy", images)
    places = [str(tmp_path / name) for name in ("weights.npz", "images.npy", "out.npz")]
    finished = subprocess.run(
        [sys.executable, "-c", PREDICT, *places],
        env={**os.environ, "KERAS_BACKEND": other},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    with np.load(tmp_path / "out.npz") as there:
        np.testing.assert_allclose(there["probabilities"], here.probabilities, atol=1e-4)
        np.testing.assert_allclose(there["features"], here.features, rtol=1e-3, atol=1e-4)
        occlusion = Occlusion(forward)(images, classes)
        np.testing.assert_allclose(there["occlusion"], occlusion, atol=1e-3)
        if other == "jax":
            grad_cam = GradCam(model, "stage_4_relu")(images, classes)
            np.testing.assert_allclose(there["grad_cam"], grad_cam, atol=1e-3)
            assert grad_cam.std() > 0.01
    assert here.probabilities.std() > 0.01
    assert occlusion.std() > 0.01
    assert (finished.stdout, finished.stderr) == ("", "")
