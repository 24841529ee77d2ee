"""What Keras has no function for, or a slower one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from cellclf.network.backend.choice import current, refused
from cellclf.network.backend.quiet import without_early_log

__all__ = ["fused_normalization", "gradient", "saved_function"]


def fused_normalization(
    images: Any,
    *,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    epsilon: float,
    of_batch: bool,
) -> tuple[Any, Any, Any] | None:
    """Normalise images channel by channel in one operation; `None` where the backend has none.

    Args:
        images: Float32, `(batch, height, width, channels)`.
        scale: Of each channel, shape `(channels,)`.
        offset: Likewise.
        mean: Likewise, used unless `of_batch`.
        variance: Likewise.
        epsilon: Added to the variance.
        of_batch: Normalise by mean and variance of the batch.

    Returns:
        Normalised images, and the mean and the (biased) variance that were used.
    """
    if current() != "tensorflow":
        return None
    tensorflow = import_module("tensorflow")
    scale, offset, mean, variance = (
        tensorflow.convert_to_tensor(getattr(value, "value", value))
        for value in (scale, offset, mean, variance)
    )
    found = tensorflow.raw_ops.FusedBatchNormV3(
        x=images,
        scale=scale,
        offset=offset,
        mean=tensorflow.zeros_like(mean[:0]) if of_batch else mean,
        variance=tensorflow.zeros_like(variance[:0]) if of_batch else variance,
        epsilon=epsilon,
        is_training=of_batch,
    )
    if of_batch:
        # The kernel gives the unbiased estimate; Keras keeps the other.
        count = tensorflow.cast(tensorflow.reduce_prod(tensorflow.shape(images)[:3]), "float32")
        return found.y, found.batch_mean, found.batch_variance * ((count - 1) / count)
    return found.y, mean, variance


def gradient(model: Any, inputs: list[Any], weights: Any) -> Any:
    """Return how a weighted sum of what a network gives changes with the last of its inputs.

    The network is taken as it predicts: nothing is dropped, no statistic of a batch is used.

    Args:
        model: A `keras.Model` of several inputs and one output.
        inputs: An array for each input.
        weights: Of each number of the output, in its shape.

    Returns:
        A float32 NumPy array of the shape of the last input.

    Raises:
        ExperimentError: The backend has no gradients here.
    """
    name = current()
    ops = import_module("keras").ops
    *others, last = map(ops.convert_to_tensor, inputs)
    if name == "tensorflow":
        tensorflow = import_module("tensorflow")
        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(last)
            total = tensorflow.reduce_sum(weights * model([*others, last], training=False))
        found = tape.gradient(
            total, last, unconnected_gradients=tensorflow.UnconnectedGradients.ZERO
        )
    elif name == "jax":

        def weighted_sum(last: Any) -> Any:
            given, _ = model.stateless_call(
                [variable.value for variable in model.trainable_variables],
                [variable.value for variable in model.non_trainable_variables],
                [*others, last],
                training=False,
            )
            return (weights * given).sum()

        found = import_module("jax").grad(weighted_sum)(last)
    else:
        raise refused("must be tensorflow or jax, which give gradients of a network", name)
    return ops.convert_to_numpy(ops.cast(found, "float32"))


def saved_function(folder: Path) -> Callable[[Any], dict[str, Any]]:
    """Open a SavedModel, whatever backend Keras runs on; sets no environment.

    Args:
        folder: Where it is.

    Returns:
        What it serves: a function from a NumPy array to NumPy arrays by name.
    """
    with without_early_log():
        tensorflow = import_module("tensorflow")
        loaded = tensorflow.saved_model.load(str(folder))
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]

    def run(images: Any) -> dict[str, Any]:
        assert loaded is not None  # its variables live as long as something holds it
        given = serve(**{name: tensorflow.constant(images)})
        return {output: tensor.numpy() for output, tensor in given.items()}

    return run
