"""A tiny network as a bundle, loaded: its build function and what a test needs of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.data.decode import DECODE_VERSION
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from cellclf.network.build import build, weights_of
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params

__all__ = [
    "CLASSES",
    "REGISTRY",
    "SIZE",
    "SPEC",
    "TinyParams",
    "bundle",
    "classifier",
    "folder",
    "images",
    "manifest",
    "network",
    "registry_of",
    "tiny",
]

CLASSES = ("round", "band, segmented", "白血球")

SIZE = 16


class TinyParams(Params):
    width: int = 4
    kernel: tuple[int, int] = (3, 3)


def tiny(params: TinyParams, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    image = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(params.width, params.kernel, name="conv")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    return keras.Model(image, keras.layers.Dense(num_classes, name="logits")(x), name="tiny")


SPEC = ModelSpec(
    name="tiny",
    summary="For tests",
    build=f"{__name__}:tiny",
    params=TinyParams,
    pixel_range=(0, 1),
    explain_layer="conv",
    min_image_size=8,
)


def registry_of(*specs: ModelSpec, version: str = "1.0") -> Registry:
    plugin = Plugin(name="tiny", distribution="cellclf-tiny", version=version, specs=specs)
    return Registry([plugin])


REGISTRY = registry_of(SPEC)


def manifest(**changes: object) -> BundleManifest:
    values: dict[str, Any] = {
        "architecture": "tiny",
        "distribution": "cellclf-tiny",
        "distribution_version": "1.0",
        "params": TinyParams(width=5).model_dump(mode="json"),
        "classes": CLASSES,
        "image_size": SIZE,
        "resize": "pad",
        "decode_version": DECODE_VERSION,
        "synthetic": True,
    }
    return BundleManifest(**{**values, **changes})


def images(number: int, height: int = 20, width: int = 30, seed: int = 1) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    colours, blobs = rng.integers(0, 200, (number, 1, 1, 3)), rng.integers(0, 56, (number, 4, 6, 3))
    coarse = (colours + blobs).astype(np.uint8)
    return np.stack([cv2.resize(image, (width, height)) for image in coarse])


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = build(SPEC, TinyParams(width=5), image_size=SIZE, num_classes=len(CLASSES))
    rng = np.random.default_rng(0)
    for variable in model.weights:  # far from what a fresh network has, so that nothing is by luck
        values = rng.normal(0, 0.5, variable.shape)
        variable.assign(abs(values) + 0.1 if "variance" in variable.path else values)
    return model


@pytest.fixture(scope="module")
def bundle(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    write_bundle(path, manifest(), weights_of(network))
    return path


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return load(bundle, registry=REGISTRY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine files that can be read, and three that cannot, in between."""
    for number, image in enumerate(images(9)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image[..., ::-1])
    whole = (tmp_path / "0.png").read_bytes()
    (tmp_path / "1b cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "5b empty.jpg").touch()
    (tmp_path / "9 text.png").write_text("not an image", encoding="utf-8")
    return tmp_path
