"""Maps of networks whose maps can be worked out by hand."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.errors import PluginError
from cellclf.inference.explain import GradCam, Occlusion
from cellclf.network import backend
from cellclf.network.forward import Forward

SIZE = 16
CHANNELS = 4


def images(count: int = 5, size: int = SIZE) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def network(*, hidden: int = 0, strides: int = 1, passed_by: bool = False) -> keras.Model:
    """One convolution of single pixels, whose mean the head sees, perhaps beside the image's."""
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    beside = keras.layers.GlobalAveragePooling2D(name="beside")(x)
    x = keras.layers.Conv2D(CHANNELS, 1, strides=strides, activation="relu", name="maps")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    if passed_by:
        x = keras.layers.Concatenate(name="both")([x, beside])
    if hidden:
        x = keras.layers.Dense(hidden, activation="tanh", name="hidden")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    model = keras.Model(image, keras.layers.Dense(3, name="logits")(x))
    rng = np.random.default_rng(8)
    for variable in model.weights:
        variable.assign(rng.normal(0, 1, variable.shape))
    return model


def activations(model: keras.Model, given: NDArray[np.uint8], strides: int = 1) -> NDArray[Any]:
    kernel, bias = model.get_layer("maps").get_weights()
    return np.maximum(given[:, ::strides, ::strides] / 255 @ kernel[0, 0] + bias, 0)


def scaled(maps: NDArray[Any]) -> NDArray[Any]:
    positive = np.maximum(maps, 0)
    largest = positive.max(axis=(1, 2), keepdims=True)
    return positive / np.where(largest > 0, largest, 1)


@pytest.mark.parametrize("passed_by", [False, True])
def test_grad_cam_of_a_linear_head_is_the_activations_weighted_by_the_head(passed_by: bool) -> None:
    model, given, classes = network(passed_by=passed_by), images(), np.array([0, 1, 2, 1, 0])
    weights = model.get_layer("logits").get_weights()[0][:CHANNELS, classes]
    wanted = np.einsum("nhwk,kn->nhw", activations(model, given), weights)
    found = GradCam(model, "maps")(given, classes)
    np.testing.assert_allclose(found, scaled(wanted), atol=1e-5)
    assert found.dtype == np.float32
    assert found.max() == 1


def test_grad_cam_weights_channels_by_the_slope_of_the_logit() -> None:
    model, given, classes = network(hidden=6), images(), np.array([2, 2, 0, 1, 1])
    maps = activations(model, given)
    into, bias = model.get_layer("hidden").get_weights()
    onto = model.get_layer("logits").get_weights()[0]
    hidden = np.tanh(maps.mean(axis=(1, 2)) @ into + bias)
    slopes = ((1 - hidden**2) * onto[:, classes].T) @ into.T
    wanted = np.einsum("nhwk,nk->nhw", maps, slopes)
    np.testing.assert_allclose(GradCam(model, "maps")(given, classes), scaled(wanted), atol=1e-5)


def test_coarse_maps_are_brought_to_the_size_of_the_image() -> None:
    model, given = network(strides=4), images(2)
    weights = model.get_layer("logits").get_weights()[0][:, 1]
    coarse = np.maximum(activations(model, given, strides=4) @ weights, 0)
    # The middle of a fine pixel, counted in coarse ones.
    places = (np.arange(SIZE) + 0.5) / 4 - 0.5
    for axis in (1, 2):
        coarse = np.apply_along_axis(lambda row: np.interp(places, range(4), row), axis, coarse)
    assert coarse.max(axis=(1, 2)).min() > 0
    np.testing.assert_allclose(GradCam(model, "maps")(given, [1, 1]), scaled(coarse), atol=1e-5)


def test_where_nothing_speaks_for_a_class_its_map_is_empty() -> None:
    model = network()
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([-np.abs(kernel), bias])
    assert not GradCam(model, "maps")(images(), [0] * 5).any()


@pytest.mark.parametrize("method", ["grad_cam", "occlusion"])
def test_a_map_does_not_depend_on_the_images_beside_it(method: str) -> None:
    model, given = network(hidden=4), images(35)
    explain = GradCam(model, "maps") if method == "grad_cam" else Occlusion(Forward(model))
    classes = np.arange(35) % 3
    together = explain(given, classes)
    assert together.shape == (35, SIZE, SIZE)
    for row in (0, 31, 34):
        alone = explain(given[row : row + 1], classes[row : row + 1])
        np.testing.assert_allclose(together[row], alone[0], atol=1e-4)
    assert explain(given[:0], classes[:0]).shape == (0, SIZE, SIZE)


def test_explaining_leaves_the_network_as_it_was() -> None:
    model, given = network(hidden=4), images()
    before, layers = model.predict_on_batch(given), len(model.layers)
    state = [variable.numpy() for variable in model.variables]
    GradCam(model, "maps")(given, [0] * 5)
    Occlusion(Forward(model))(given, [0] * 5)
    np.testing.assert_array_equal(model.predict_on_batch(given), before)
    assert len(model.layers) == layers
    for variable, value in zip(model.variables, state, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_layer_that_gives_no_maps_is_the_plugins_mistake() -> None:
    with pytest.raises(PluginError, match=r"must give \(batch, height, width, channels\)"):
        GradCam(network(), "features")


def test_a_network_that_computes_in_half_precision_can_be_explained() -> None:
    with backend.precision("mixed_bfloat16"):
        half = network(hidden=4)
    given, classes = images(), [0, 1, 2, 0, 1]
    found = GradCam(half, "maps")(given, classes)
    assert found.dtype == np.float32
    wanted = GradCam(network(hidden=4), "maps")(given, classes)
    # Eight bits of precision: single pixels may be further off than all are on average.
    assert np.abs(found - wanted).mean() < 0.01
    assert np.isfinite(Occlusion(Forward(half))(given, classes)).all()


def corner(scale: float = 1.0) -> keras.Model:
    """Brighter in the upper left corner, a quarter of each side, speaks for class 1 against 0."""
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Cropping2D(((0, 12), (0, 12)), name="corner")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="logits")(x))
    model.get_layer("logits").set_weights(
        [scale * np.array([[-1, 1]] * 3, np.float32), np.zeros(2, np.float32)]
    )
    return model


def bright_corner() -> NDArray[np.uint8]:
    given = np.full((1, SIZE, SIZE, 3), 100, np.uint8)
    given[:, :4, :4] = 220
    return given


def test_occlusion_finds_the_corner_that_a_network_looks_at() -> None:
    (found,) = Occlusion(Forward(corner()))(bright_corner(), [1])
    assert np.unravel_index(found.argmax(), found.shape) == (0, 0)
    assert found[:4, :4].min() > 0
    # A patch of four pixels that covers one beyond the seventh leaves the corner alone.
    assert not found[7:].any()
    assert not found[:, 7:].any()
    # Covering the bright corner can only help the other class.
    assert not Occlusion(Forward(corner()))(bright_corner(), [0]).any()


def test_occlusion_is_the_mean_loss_of_log_odds_over_the_patches_that_cover_a_pixel() -> None:
    model, given = network(hidden=4), images(2)
    losses = np.zeros((2, SIZE, SIZE))
    times = np.zeros((SIZE, SIZE))
    starts = [0, 2, 3, 5, 7, 9, 10, 12]  # eight patches of 4 pixels over 16

    def odds(batch: NDArray[Any]) -> NDArray[Any]:
        logits = np.asarray(model.predict_on_batch(batch), dtype=np.float64)
        return logits[:, 2] - np.log(np.exp(logits[:, :2]).sum(axis=1))

    for top in starts:
        for left in starts:
            covered = given.copy()
            for row in range(2):
                covered[row, top : top + 4, left : left + 4] = given[row].mean(axis=(0, 1)).round()
            losses[:, top : top + 4, left : left + 4] += (odds(given) - odds(covered))[
                :, None, None
            ]
            times[top : top + 4, left : left + 4] += 1
    found = Occlusion(Forward(model))(given, [2, 2])
    np.testing.assert_allclose(found, scaled(losses / times), atol=1e-3)


def test_occlusion_still_sees_where_the_network_is_all_but_certain() -> None:
    calm = Occlusion(Forward(corner()))(bright_corner(), [1])
    certain = Forward(corner(scale=12))
    assert certain(bright_corner()).probabilities[0, 1] == 1
    np.testing.assert_allclose(Occlusion(certain)(bright_corner(), [1]), calm, atol=1e-4)


@pytest.mark.parametrize("size", [1, 3, 8, 33])
def test_images_of_every_size_are_covered_whole(size: int) -> None:
    image = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Flatten(name="features")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="logits")(x))
    found = Occlusion(Forward(model))(images(2, size), [0, 1])
    assert found.shape == (2, size, size)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "plugin",
    [
        "cellclf_custom_cnn",
        "cellclf_vgg",
        # A network of this depth takes seconds to build.
        pytest.param("cellclf_efficientnet", marks=pytest.mark.slow),
    ],
)
def test_every_architecture_of_ours_can_be_explained(plugin: str) -> None:
    (spec,) = pytest.importorskip(f"{plugin}.plugin").cellclf_models()
    from cellclf.network.build import build

    keras.utils.set_random_seed(1)
    model = build(spec, spec.params(), image_size=32, num_classes=3)
    for explain in (GradCam(model, spec.explain_layer), Occlusion(Forward(model))):
        found = explain(images(3, 32), [0, 1, 2])
        assert found.shape == (3, 32, 32)
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() == 1
