from __future__ import annotations

from pathlib import Path

import cellclf

cellclf.prepare_backend()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from cellclf_custom_cnn.network import build, pretrained  # noqa: E402
from cellclf_custom_cnn.params import CustomCNNParams, Levels, starts_from  # noqa: E402
from cellclf_custom_cnn.plugin import cellclf_models  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from cellclf.inference.bundle import BundleManifest, write_bundle  # noqa: E402
from cellclf.network.build import weights_of  # noqa: E402
from cellclf.testing import conformance  # noqa: E402

test_conformance = conformance(*cellclf_models())


@pytest.mark.parametrize("size", [16, 33])
def test_images_down_to_the_smallest_size_are_taken(size: int) -> None:
    model = build(CustomCNNParams(), input_shape=(size, size, 3), num_classes=2)
    assert tuple(model.outputs[0].shape) == (None, 2)


def pixels(image: NDArray[np.float32], levels: Levels) -> NDArray[np.float32]:
    """What the network sees of an image after preprocessing."""
    model = build(CustomCNNParams(levels=levels), input_shape=image.shape, num_classes=2)
    seen = keras.Model(model.inputs, model.get_layer("pixels").output)
    return np.asarray(seen.predict(image[None], verbose=0))[0]


@pytest.fixture
def cell() -> NDArray[np.float32]:
    """A dark square on a light ground, of different levels in each channel."""
    image = np.full((48, 48, 3), (240.0, 220.0, 200.0), np.float32)
    image[16:32, 16:32] = (80.0, 40.0, 120.0)
    return image


def test_fixed_levels_are_those_of_the_whole_scale(cell: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(pixels(cell, "fixed"), cell / 127.5 - 1, atol=1e-5)


def test_levels_by_the_background_do_not_change_with_the_colour_of_the_lamp(
    cell: NDArray[np.float32],
) -> None:
    lamp = np.array([0.7, 0.9, 1.05], np.float32)
    seen = pixels(cell, "background")
    np.testing.assert_allclose(seen[0, 0], 1.0, atol=1e-5)
    np.testing.assert_allclose(pixels(cell * lamp, "background"), seen, atol=1e-5)


def test_levels_by_the_range_go_from_the_darkest_to_the_lightest(
    cell: NDArray[np.float32],
) -> None:
    seen = pixels(cell, "range")
    np.testing.assert_allclose(seen[0, 0], 1.0, atol=1e-5)
    np.testing.assert_allclose(seen[24, 24], -1.0, atol=1e-5)
    paler = 255 - (255 - cell) * np.array([0.5, 0.8, 0.6], np.float32)
    np.testing.assert_allclose(pixels(paler, "range"), seen, atol=1e-4)


@pytest.mark.parametrize("levels", ["background", "range"])
def test_an_image_of_one_colour_stays_finite(levels: Levels) -> None:
    for level in (0, 7, 255):
        seen = pixels(np.full((32, 32, 3), level, np.float32), levels)
        assert np.isfinite(seen).all()
        assert np.abs(seen).max() < 20


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
