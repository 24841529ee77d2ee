"""Every format of the large architectures, on made images: some operations only they have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine_equality import make_bundle, of_formats
from cellclf.engines.formats import format_names
from cellclf.engines.proof import made_images
from cellclf.registry import installed
from cellclf.specs import ModelSpec

SIZE, IMAGES = 32, 96


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["efficientnet_b4", "vgg16"])
def test_every_format_gives_what_keras_gives(architecture: str, tmp_path: Path) -> None:
    registry = installed()
    if architecture not in registry.names(ModelSpec):
        pytest.skip(f"{architecture} is not installed")
    images, bundle = made_images(SIZE, IMAGES), tmp_path / f"{architecture}.safetensors"
    make_bundle(architecture, images, np.arange(IMAGES) % 3, bundle, registry)
    found = [*of_formats(bundle, images, registry=registry)]
    assert len(found) == len(format_names(registry)) >= 1
    for row in found:
        assert row.probabilities <= 1e-4, row
        assert row.outlier_score <= 1e-3, row
