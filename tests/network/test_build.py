from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.errors import BundleError, ExperimentError, PluginError, TrainingError
from cellclf.network.build import build, set_weights, weights_of
from cellclf.specs import ModelSpec, NoParams

Architecture = Callable[..., ModelSpec]


def built(spec: ModelSpec) -> keras.Model:
    return build(spec, NoParams(), image_size=16, num_classes=3)


def variation(
    *,
    shape: Any = None,
    classes: int | None = None,
    pixels: str = "pixels",
    features: str = "features",
    kernel: str | None = "stem_conv",
    dtype: str = "float32",
    activation: str | None = None,
) -> Callable[..., keras.Model]:
    """A network with one thing changed."""

    def make(params: Any, *, input_shape: Any, num_classes: int) -> keras.Model:
        image = keras.Input(shape or input_shape, name="image")
        x = keras.layers.Rescaling(1 / 255, name=pixels)(image)
        x = keras.layers.Conv2D(4, 3, name=kernel)(x)
        x = keras.layers.Activation("relu", name="stem_act")(x)
        x = keras.layers.GlobalAveragePooling2D(name=features)(x)
        logits = keras.layers.Dense(
            classes or num_classes, activation=activation, dtype=dtype, name="logits"
        )(x)
        return keras.Model(image, logits)

    return make


def test_a_network_that_keeps_the_contract_is_built(architecture: Architecture) -> None:
    model = built(architecture())
    assert tuple(model.outputs[0].shape) == (None, 3)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"classes": 5}, r"must give one output of logits, shape \(None, 3\)"),
        ({"shape": (20, 20, 3)}, r"must take one input of shape \(None, 16, 16, 3\)"),
        ({"dtype": "float16"}, "must give float32 logits. Received: float16"),
        ({"activation": "softmax"}, "must give logits, because softmax is applied later"),
        ({"pixels": "scaling"}, "must hold a layer named 'pixels'"),
        ({"features": "pool"}, "must hold a layer named 'features'"),
        ({"kernel": None}, "must name every layer that has variables"),
    ],
)
def test_what_breaks_the_contract_is_refused_with_the_reason(
    architecture: Architecture, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(PluginError, match=f"`build` of model 'small' {complaint}"):
        built(architecture(variation(**change), explain_layer="stem_act"))


def test_a_missing_layer_to_explain_and_a_stage_without_layers_are_refused(
    architecture: Architecture,
) -> None:
    with pytest.raises(PluginError, match="must hold a layer named 'last_map'"):
        built(architecture(explain_layer="last_map"))
    with pytest.raises(PluginError, match="names start with the stage 'block9'"):
        built(architecture(stages=("block9",)))


def test_a_name_that_only_looks_automatic_is_allowed(architecture: Architecture) -> None:
    built(architecture(variation(kernel="conv2d_1"), explain_layer="stem_act"))


def test_a_build_that_raises_or_returns_no_model_is_the_plugins_fault(
    architecture: Architecture,
) -> None:
    def fails(params: Any, *, input_shape: Any, num_classes: int) -> Any:
        raise ZeroDivisionError("no blocks")

    def returns_nothing(params: Any, *, input_shape: Any, num_classes: int) -> Any:
        return None

    with pytest.raises(PluginError, match=r"failed for.*ZeroDivisionError: no blocks"):
        built(architecture(fails))
    with pytest.raises(PluginError, match=r"must return a keras\.Model. Received: NoneType"):
        built(architecture(returns_nothing))


def test_an_error_meant_for_the_user_passes_unchanged(architecture: Architecture) -> None:
    def refuses(params: Any, *, input_shape: Any, num_classes: int) -> Any:
        raise TrainingError("two classes at most")

    with pytest.raises(TrainingError, match="two classes at most"):
        built(architecture(refuses))


def test_images_smaller_than_the_network_can_take_are_refused(architecture: Architecture) -> None:
    with pytest.raises(ExperimentError, match="must be at least 64 for model 'small'"):
        built(architecture(min_image_size=64))


def test_building_twice_gives_the_same_variables(architecture: Architecture) -> None:
    first, second = weights_of(built(architecture())), weights_of(built(architecture()))
    assert [(p, a.shape) for p, a in first.items()] == [(p, a.shape) for p, a in second.items()]


def test_weights_hold_statistics_but_no_seeds(architecture: Architecture) -> None:
    assert set(weights_of(built(architecture()))) == {
        "stem_conv/kernel",
        "stem_conv/bias",
        "stem_norm/gamma",
        "stem_norm/beta",
        "stem_norm/moving_mean",
        "stem_norm/moving_variance",
        "logits/kernel",
        "logits/bias",
    }


def test_weights_moved_to_another_network_move_its_predictions(architecture: Architecture) -> None:
    first, second = built(architecture()), built(architecture())
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype(np.float32)
    set_weights(second, weights_of(first))
    assert np.array_equal(first.predict_on_batch(images), second.predict_on_batch(images))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"logits/bias": None}, "Missing: 'logits/bias'. Not in the model: none"),
        ({"other/kernel": np.zeros(3)}, "Missing: none. Not in the model: 'other/kernel'"),
        ({"logits/bias": np.zeros(4)}, r"must have shape \(3,\). Received: \(4,\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(
    architecture: Architecture, change: dict[str, Any], complaint: str
) -> None:
    model = built(architecture())
    before = weights_of(model)
    wrong = {path: np.ones_like(array) for path, array in before.items()} | change
    with pytest.raises(BundleError, match=complaint):
        set_weights(model, {path: array for path, array in wrong.items() if array is not None})
    assert all(np.array_equal(array, before[path]) for path, array in weights_of(model).items())
