from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import softmax

from cellclf.errors import BundleError
from cellclf.network.forward import Forward

SIZE = 16
COUNT = 21


@pytest.fixture
def images() -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture
def model(build_small: Any) -> keras.Model:
    keras.utils.set_random_seed(2)
    return build_small(None, input_shape=(SIZE, SIZE, 3), num_classes=3)


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def task(self, description: str, total: int) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *details: object) -> None: ...

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.steps.append(steps)


def test_probabilities_are_the_softmax_of_the_models_logits(
    model: keras.Model, images: Any
) -> None:
    outputs = Forward(model, batch_size=8)(images)
    logits = model.predict_on_batch(images)
    np.testing.assert_allclose(outputs.probabilities, softmax(logits, axis=1), atol=1e-6)
    assert outputs.probabilities.dtype == outputs.features.dtype == np.float32
    assert outputs.features.shape == (COUNT, 4)


def test_features_of_any_shape_are_flattened(images: Any) -> None:
    image = keras.Input((SIZE, SIZE, 3))
    maps = keras.layers.MaxPooling2D(4, name="features")(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps))
    outputs = Forward(model)(images)
    assert outputs.features.shape == (COUNT, 4 * 4 * 3)
    assert outputs.features[0, 0] == images[0, :4, :4, 0].max()


def test_the_size_of_a_batch_and_its_company_change_nothing(
    model: keras.Model, images: Any
) -> None:
    whole = Forward(model)(images)
    for batch_size in (1, 4, 64):
        forward = Forward(model, batch_size=batch_size)
        np.testing.assert_allclose(forward(images).probabilities, whole.probabilities, atol=1e-6)
        np.testing.assert_allclose(
            forward(images[:3]).probabilities, whole.probabilities[:3], atol=1e-6
        )


def test_rows_choose_images_of_a_memory_map_in_their_order(
    model: keras.Model, images: Any, tmp_path: Path
) -> None:
    np.save(tmp_path / "images.npy", images)
    stored = np.load(tmp_path / "images.npy", mmap_mode="r")
    forward = Forward(model, batch_size=4)
    rows = np.array([20, 3, 3, 0, 11])
    chosen, whole = forward(stored, rows=rows), forward(images)
    np.testing.assert_allclose(chosen.probabilities, whole.probabilities[rows], atol=1e-6)
    np.testing.assert_allclose(chosen.features, whole.features[rows], atol=1e-6)


def test_no_images_give_empty_arrays(model: keras.Model, images: Any) -> None:
    outputs = Forward(model)(images[:0])
    assert outputs.probabilities.shape == (0, 3)
    assert outputs.features.shape == (0, 4)


def test_images_of_another_size_or_type_are_refused(model: keras.Model, images: Any) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 of shape \(n, 16, 16, 3\)"):
        Forward(model)(images[:, :8])
    with pytest.raises(ValueError, match="Received: float32"):
        Forward(model)(images.astype(np.float32))


def test_nothing_is_traced_again_when_called_again(images: Any) -> None:
    calls: list[Any] = []

    class Counting(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            calls.append(x.shape)
            return x

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    if keras.config.backend() == "torch":
        pytest.skip("torch runs every call in Python")
    image = keras.Input((SIZE, SIZE, 3))
    features = keras.layers.GlobalAveragePooling2D(name="features")(Counting()(image))
    forward = Forward(keras.Model(image, keras.layers.Dense(2)(features)), batch_size=4)
    forward(images)
    traced = len(calls)
    forward(images)
    forward(images[:18])
    assert len(calls) == traced


def test_weights_trained_meanwhile_are_used(model: keras.Model, images: Any) -> None:
    forward = Forward(model)
    before = forward(images).probabilities
    model.get_layer("logits").bias.assign([9.0, 0.0, 0.0])
    assert (forward(images).probabilities[:, 0] > before[:, 0]).all()


def test_progress_hears_of_every_image(model: keras.Model, images: Any) -> None:
    listener: Any = Listener()
    Forward(model, batch_size=8)(images, progress=listener)
    assert listener.steps == [8, 8, 5]


def test_making_it_leaves_the_model_as_it_was(model: keras.Model, images: Any) -> None:
    layers, paths = len(model.layers), [v.path for v in model.variables]
    Forward(model)(images)
    assert (len(model.layers), [v.path for v in model.variables]) == (layers, paths)


def test_a_network_that_gives_no_numbers_gives_no_probabilities(
    model: keras.Model, images: Any
) -> None:
    model.weights[-1].assign(np.array([0, np.inf, 0], np.float32))
    with pytest.raises(BundleError, match="NaN or infinity"):
        Forward(model)(images)


@pytest.mark.parametrize(("size", "together"), [(512, 64), (1024, 16), (4096, 1), (8192, 1)])
def test_large_images_share_a_step_with_fewer(build_small: Any, size: int, together: int) -> None:
    model = build_small(None, input_shape=(size, size, 3), num_classes=3)
    assert Forward(model).batch_size == together
