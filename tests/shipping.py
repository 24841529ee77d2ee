"""A plugin that ships a trained model: a tiny network of random weights, two classes."""

from __future__ import annotations

from pathlib import Path

from cellclf.data.decode import DECODE_VERSION
from cellclf.evaluation.sources import fingerprint
from cellclf.experiment import Experiment
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.network.build import build, weights_of
from cellclf.specs import PretrainedSpec
from tests.plugin_site import Site
from tests.tiny import TINY, TinyParams

__all__ = ["CLASSES", "SHIPPED", "SIZE", "install", "spec", "write_package"]

CLASSES = ("dark", "light")
SIZE = 16

SHIPPED = """
import cellclf
from tests.shipping import spec
from tests.tiny import TINY

@cellclf.hookimpl
def cellclf_models():
    yield TINY

@cellclf.hookimpl
def cellclf_pretrained():
    yield spec()
"""
"""The module of a plugin that offers the network and the model."""


def spec(package: str = "tiny_shipped", name: str = "tiny_cells", **other: str) -> PretrainedSpec:
    """What is shipped in a package that `write_package` wrote."""
    values = {
        "summary": "Two classes, for tests",
        "bundle": f"{package}:shipped/cells.safetensors",
        "card": f"{package}:shipped/cells.md",
        "experiment": f"{package}:shipped/cells.toml",
        "licence": "CC BY 4.0",
        "citation": "Nobody (2026). Made in a test.",
    }
    return PretrainedSpec(name=name, **{**values, **other})  # type: ignore[arg-type]


def write_package(
    folder: Path,
    package: str = "tiny_shipped",
    *,
    distribution: str = "tiny-plugin",
    filters: int = TinyParams().filters,
    trained: bool = True,
) -> Path:
    """Write a package with a bundle, its card and its experiment; returns the bundle.

    Args:
        folder: Where to.
        package: What it is called.
        distribution: What brings the architecture, by the bundle.
        filters: Filters of the network, of which the bundle says that they are as many as usual.
        trained: The bundle knows which images it was trained on.
    """
    import keras

    place = folder / package / "shipped"
    place.mkdir(parents=True)
    (folder / package / "__init__.py").touch()
    keras.utils.set_random_seed(0)
    network = build(TINY, TinyParams(filters=filters), image_size=SIZE, num_classes=len(CLASSES))
    bundle = place / "cells.safetensors"
    manifest = BundleManifest(
        architecture="tiny_net",
        distribution=distribution,
        distribution_version="1.0",
        params=TinyParams().model_dump(mode="json"),
        classes=CLASSES,
        image_size=SIZE,
        resize="stretch",
        decode_version=DECODE_VERSION,
    )
    sha256 = write_bundle(
        bundle,
        manifest,
        weights_of(network),
        trained=fingerprint(["00" * 32, "ff" * 32] if trained else []),
    )
    card = f"# Model card: tiny_cells\n\n- Bundle: SHA-256 {sha256}\n- Licence: CC BY 4.0\n"
    (place / "cells.md").write_text(f"{card}- Not for clinical use.\n", encoding="utf-8")
    experiment = Experiment(
        data={"dataset": "image_folder", "image_size": SIZE}, models=["tiny_net"]
    )
    (place / "cells.toml").write_text(experiment.to_toml(), encoding="utf-8")
    return bundle


def install(site: Site) -> Path:
    """Install a plugin that ships a model, for a test; returns the bundle."""
    bundle = write_package(site.folder)
    site.add("tiny-plugin", SHIPPED)
    return bundle
