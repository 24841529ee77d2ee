from __future__ import annotations

from pathlib import Path

import cellclf

cellclf.prepare_backend()

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from cellclf_custom_cnn.network import build, pretrained  # noqa: E402
from cellclf_custom_cnn.params import CustomCNNParams, starts_from  # noqa: E402
from cellclf_custom_cnn.plugin import cellclf_models  # noqa: E402

from cellclf.inference.bundle import BundleManifest, write_bundle  # noqa: E402
from cellclf.network.build import weights_of  # noqa: E402
from cellclf.testing import conformance  # noqa: E402

test_conformance = conformance(*cellclf_models())


@pytest.mark.parametrize("size", [16, 33])
def test_images_down_to_the_smallest_size_are_taken(size: int) -> None:
    model = build(CustomCNNParams(), input_shape=(size, size, 3), num_classes=2)
    assert tuple(model.outputs[0].shape) == (None, 2)


def saved(path: Path, *, width: int) -> Path:
    """A bundle of two classes, as a run would have left it."""
    model = build(CustomCNNParams(width=width), input_shape=(32, 32, 3), num_classes=2)
    manifest = BundleManifest(
        architecture="custom_cnn",
        distribution="cellclf-custom-cnn",
        distribution_version="0.1.0",
        classes=("lymphocyte", "monocyte"),
        image_size=32,
        resize="stretch",
        decode_version=1,
    )
    write_bundle(path, manifest, weights_of(model))
    return path


def test_training_may_start_from_a_bundle_of_other_classes(tmp_path: Path) -> None:
    bundle = saved(tmp_path / "earlier.safetensors", width=8)
    params = CustomCNNParams(width=8, weights=str(bundle), head_units=4)
    model = build(params, input_shape=(48, 48, 3), num_classes=3)
    pretrained(model, params)
    trained = cellclf.read_bundle(bundle).weights["stem_conv/kernel"]
    np.testing.assert_array_equal(weights_of(model)["stem_conv/kernel"], trained)


def test_a_bundle_of_another_width_is_refused(tmp_path: Path) -> None:
    bundle = saved(tmp_path / "earlier.safetensors", width=16)
    params = CustomCNNParams(width=8, weights=str(bundle))
    model = build(params, input_shape=(32, 32, 3), num_classes=2)
    with pytest.raises(cellclf.TrainingError, match="custom_cnn of width 8"):
        pretrained(model, params)


def test_the_bundle_that_training_starts_from_is_named() -> None:
    assert starts_from(CustomCNNParams()) is None
    assert starts_from(CustomCNNParams(weights="runs/a.safetensors")) == Path("runs/a.safetensors")
    (spec,) = cellclf_models()
    assert spec.starts_from is not None
    with pytest.raises(cellclf.BundleError, match="no trained model is called 'no_such_model'"):
        starts_from(CustomCNNParams(weights="no_such_model"))
