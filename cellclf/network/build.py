"""From an architecture's spec to a Keras model that keeps the contract; its weights as arrays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.errors import BundleError, CellclfError, ExperimentError, PluginError, Problem
from cellclf.network.outputs import FEATURES
from cellclf.specs import ModelSpec, Params, resolve
from cellclf.terms import first_few

__all__ = [
    "PIXELS",
    "Variable",
    "build",
    "called",
    "check_ends",
    "check_layers",
    "check_no_softmax",
    "check_repeated",
    "check_stages",
    "check_weights",
    "layers_of",
    "set_weights",
    "weights_of",
]

PIXELS = "pixels"
"""Name of the layer that gives what the network sees after its own preprocessing."""

COUNTED = re.compile(r"_\d+$")


def build(spec: ModelSpec, params: Params, *, image_size: int, num_classes: int) -> keras.Model:
    """Build an architecture with random weights and check that it keeps its contract.

    Args:
        spec: The architecture.
        params: Its parameters, an instance of `spec.params`.
        image_size: Height and width of the images in pixels.
        num_classes: How many classes there are.

    Returns:
        An uncompiled model: 0-255 RGB `(batch, image_size, image_size, 3)` in, float32 logits
        `(batch, num_classes)` out.

    Raises:
        ExperimentError: The images are smaller than the network can take.
        PluginError: What `spec.build` does or returns breaks the contract of `ModelSpec`.
    """
    if image_size < spec.min_image_size:
        raise ExperimentError(
            [
                Problem(
                    place="data.image_size",
                    expected=f"must be at least {spec.min_image_size} for model {spec.name!r}",
                    received=str(image_size),
                )
            ]
        )
    model = called(spec, params, image_size=image_size, num_classes=num_classes)
    check_ends(spec, model, image_size=image_size, num_classes=num_classes)
    check_no_softmax(spec, model)
    check_layers(spec, model)
    check_stages(spec, model)
    if any(_looks_counted(layer) for top in model.layers for layer in layers_of(top)):
        check_repeated(
            spec, model, called(spec, params, image_size=image_size, num_classes=num_classes)
        )
    return model


def layers_of(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yield a layer and, where it is a model, every layer in it, outer ones first."""
    yield layer
    if isinstance(layer, keras.Model):
        for inner in layer.layers:
            yield from layers_of(inner)


def weights_of(model: keras.Model) -> dict[str, NDArray[Any]]:
    """Return every variable that predictions depend on, trainable or not, by its path.

    Paths and values are the same on every backend. Seeds of dropout are left out.

    Example:
        >>> import keras
        >>> image = keras.Input((8,))
        >>> model = keras.Model(image, keras.layers.Dense(2, name="logits")(image))
        >>> {path: array.shape for path, array in weights_of(model).items()}
        {'logits/kernel': (8, 2), 'logits/bias': (2,)}
    """
    # The copy is made first because NumPy reads a tensor, not a variable, without a warning.
    return {
        variable.path: np.asarray(keras.ops.convert_to_numpy(keras.ops.copy(variable)))
        for variable in model.weights
    }


def set_weights(model: keras.Model, weights: Mapping[str, NDArray[Any]]) -> None:
    """Give `model` the weights that `weights_of` took from a model of the same architecture.

    Those that are kept in float16 become float32 again.

    Raises:
        BundleError: They are not the model's (`check_weights`); it is then left as it was.
    """
    variables = {variable.path: variable for variable in model.weights}
    shapes = {path: Variable.of(variable) for path, variable in variables.items()}
    check_weights(shapes, weights, model=model.name)
    for path, variable in variables.items():
        given = weights[path]
        variable.assign(given.astype(np.float32) if given.dtype == np.float16 else given)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """What a weight must be.

    Attributes:
        shape: Its shape.
        floating: It holds numbers with a fraction, not whole ones.
    """

    shape: tuple[int, ...]
    floating: bool

    @classmethod
    def of(cls, variable: keras.Variable) -> Variable:
        """Take it from a variable, which need not have a value yet."""
        return cls(shape=tuple(variable.shape), floating="float" in variable.dtype)


def check_weights(
    variables: Mapping[str, Variable], weights: Mapping[str, NDArray[Any]], *, model: str
) -> None:
    """Make sure that weights are those of a model.

    Args:
        variables: What it has, by path.
        weights: Arrays by path.
        model: Its name, for messages.

    Raises:
        BundleError: A weight is missing, is not one of the model's, or has another shape or kind.
    """
    missing = sorted(variables.keys() - weights.keys())
    extra = sorted(weights.keys() - variables.keys())
    if missing or extra:
        raise BundleError(
            f"`weights` must hold exactly the {len(variables)} weights of model {model!r}. "
            f"Missing: {_some(missing)}. Not in the model: {_some(extra)}. "
            "They were made by another architecture, or with other parameters of this one"
        )
    for path, variable in variables.items():
        given = weights[path]
        if given.shape != variable.shape:
            raise BundleError(
                f"weight {path!r} of model {model!r} must have shape {variable.shape}. "
                f"Received: {given.shape}"
            )
        if (given.dtype.kind == "f") != variable.floating:
            kind = "floating-point" if variable.floating else "whole"
            raise BundleError(
                f"weight {path!r} of model {model!r} must hold {kind} numbers. "
                f"Received: {given.dtype}"
            )


def called(spec: ModelSpec, params: Params, *, image_size: int, num_classes: int) -> keras.Model:
    """Return what the plugin's `build` returns; whatever it raises is its fault and says so.

    Raises:
        PluginError: It raises, or returns something else than a model.
    """
    function = resolve(spec.build)
    input_shape = (image_size, image_size, 3)
    try:
        model = function(params, input_shape=input_shape, num_classes=num_classes)
    except CellclfError:
        raise
    except Exception as error:
        raise PluginError(
            f"`build` of model {spec.name!r} failed for input_shape={input_shape}, "
            f"num_classes={num_classes}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, keras.Model):
        raise _broken(spec, "return a keras.Model", type(model).__name__)
    return model


def check_ends(spec: ModelSpec, model: keras.Model, *, image_size: int, num_classes: int) -> None:
    """Make sure that one image tensor goes in, and float32 logits come out."""
    if len(model.inputs) != 1 or tuple(model.inputs[0].shape) != (None, image_size, image_size, 3):
        raise _broken(
            spec,
            f"take one input of shape (None, {image_size}, {image_size}, 3)",
            str([tuple(tensor.shape) for tensor in model.inputs]),
        )
    if len(model.outputs) != 1 or tuple(model.outputs[0].shape) != (None, num_classes):
        raise _broken(
            spec,
            f"give one output of logits, shape (None, {num_classes})",
            str([tuple(tensor.shape) for tensor in model.outputs]),
        )
    if model.outputs[0].dtype != "float32":
        raise _broken(spec, "give float32 logits", str(model.outputs[0].dtype))


def check_no_softmax(spec: ModelSpec, model: keras.Model) -> None:
    """Make sure that the last layer applies no softmax."""
    if getattr(model.layers[-1], "activation", None) is keras.activations.softmax:
        raise _broken(spec, "give logits, because softmax is applied later", "a softmax at the end")


def check_layers(spec: ModelSpec, model: keras.Model) -> None:
    """Make sure of the layers that are asked for by name, and of one name a variable."""
    names = [layer.name for layer in model.layers]
    for wanted in (PIXELS, FEATURES, spec.explain_layer):
        if wanted not in names:
            raise _broken(
                spec, f"hold a layer named {wanted!r} at its top level", f"layers {_some(names)}"
            )
    repeated = [path for path, n in Counter(v.path for v in model.weights).items() if n > 1]
    if repeated:
        raise _broken(spec, "give every variable a path of its own", f"twice {_some(repeated)}")


def check_stages(spec: ModelSpec, model: keras.Model) -> None:
    """Make sure that every stage of fine-tuning names layers."""
    names = [layer.name for layer in model.layers]
    for prefix in spec.stages:
        if not any(name.startswith(prefix) for name in names):
            raise _broken(
                spec,
                f"hold layers whose names start with the stage {prefix!r}",
                f"layers {_some(names)}",
            )


def check_repeated(spec: ModelSpec, model: keras.Model, again: keras.Model) -> None:
    """Make sure that a second network has the same variables.

    A name that Keras made counts up over the process.
    """
    differing = [
        first.path
        for first, second in zip(model.weights, again.weights, strict=False)
        if first.path != second.path
    ]
    if differing or len(model.weights) != len(again.weights):
        raise _broken(
            spec,
            "name every layer that has variables, so that building twice gives the same names",
            f"names made by Keras: {_some(differing)}",
        )


def _looks_counted(layer: keras.layers.Layer) -> bool:
    """Whether a layer with variables bears the name that Keras would have given it."""
    plain = re.sub(r"\W|_", "", COUNTED.sub("", layer.name))
    return bool(layer.weights) and plain == type(layer).__name__.lower()


def _broken(spec: ModelSpec, must: str, received: str) -> PluginError:
    return PluginError(f"`build` of model {spec.name!r} must {must}. Received: {received}")


def _some(names: list[str]) -> str:
    return first_few(map(repr, names)) or "none"
