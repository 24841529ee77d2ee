"""The one module that names a backend: choosing it, keeping it quiet, seeds and determinism.

Importing this module sets nothing and imports no Keras; `prepare_backend` does both, once a
process.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from cellclf.errors import ExperimentError, Problem, did_you_mean
from cellclf.processors import processor_count
from cellclf.terms import Precision

__all__ = [
    "BACKENDS",
    "DISTRIBUTING",
    "chosen_backend",
    "current",
    "deterministic",
    "fused_normalization",
    "gathered",
    "gradient",
    "jit_compile",
    "local_devices",
    "meant",
    "precision",
    "prepare_backend",
    "processes",
    "saved_function",
    "seed_everything",
    "settle",
    "summary",
    "versions",
]

BACKENDS = ("tensorflow", "jax", "torch")
DEFAULT = "tensorflow"

DISTRIBUTING = "jax"
"""The backend on which Keras' distribution API works: for TensorFlow it is an unfinished prototype
that trains on one device without a word, for torch there is none (Keras 3.15)."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
DEFAULTS = {
    # Off unless asked for on processors without AVX512-VNNI, where it made training
    # faster in every run of `benchmarks/backend_settings.py`, by half and more.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # A graphics card is shared with whatever else its owner runs on it.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    **QUIET,
}

# TensorFlow logs a few lines while its libraries load, before it has read its own log level.
EARLY_LOG = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ |"
    rb"To enable the following instructions: "
)


def prepare_backend(*, backend: str | None = None) -> None:
    """Choose the backend, set its environment and import Keras, without a line of output.

    Environment variables that the user has set are left as they are; the command line calls this
    before any work that needs a network, a program that has its own Keras set up need not.

    Args:
        backend: One of `BACKENDS`; by default what `KERAS_BACKEND` says, then what Keras'
            configuration file says, then TensorFlow.

    Raises:
        ExperimentError: The backend is unknown or not installed, or Keras is already imported with
            another one.
    """
    wanted = chosen_backend(backend)
    if "keras" in sys.modules:
        if current() != wanted:
            raise _refused(
                f"must be {current()!r}, with which Keras was already imported in this process: "
                "call `cellclf.prepare_backend` before the first `import keras`",
                wanted,
            )
        return
    quiet = all(name not in os.environ for name in QUIET)
    os.environ["KERAS_BACKEND"] = wanted
    for name, value in {**DEFAULTS, **_threads()}.items():
        os.environ.setdefault(name, value)
    if quiet:
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        with _without_early_log():
            import_module("keras")
    else:
        import_module("keras")


def chosen_backend(backend: str | None = None) -> str:
    """Return the name of the backend that is meant, without importing it or Keras.

    Args:
        backend: As `prepare_backend` takes it.

    Raises:
        ExperimentError: It is unknown or not installed.
    """
    asked = os.environ.get("KERAS_BACKEND")
    if backend is not None and asked and asked != backend:
        raise _refused(f"must be {asked!r}, which KERAS_BACKEND says, or left out", backend)
    wanted = backend or asked or _configured() or DEFAULT
    if wanted not in BACKENDS:
        raise _refused(f"must be one of {', '.join(BACKENDS)}", wanted)
    if find_spec(wanted) is None:
        raise _refused(f"must be installed: pip install {wanted}", wanted)
    return wanted


def meant() -> str:
    """Return the backend that is or will be used, without importing it or Keras.

    Raises:
        ExperimentError: As `chosen_backend`.
    """
    return current() if "keras" in sys.modules else chosen_backend()


def current() -> str:
    """Return the name of the backend that Keras runs on; imports Keras."""
    return str(import_module("keras").config.backend())


def jit_compile() -> bool:
    """Whether training and prediction are compiled by XLA.

    On TensorFlow only where there is a graphics card: on a processor, XLA made a training step of
    the custom CNN no faster in any run of `benchmarks/backend_settings.py` and up to twice as
    long, and takes longer to start. JAX always compiles, torch never.
    """
    name = current()
    if name == "tensorflow":
        return bool(import_module("tensorflow").config.list_physical_devices("GPU"))
    return name == "jax"


@contextmanager
def precision(asked: Precision) -> Iterator[str]:
    """For a block, build networks that compute with the numbers that are asked for.

    Args:
        asked: `"auto"` keeps what the user's configuration of Keras says, and where that is plain
            float32, takes half precision on a graphics card with units for it: `bfloat16` from
            compute capability 8.0 on, which has the range of float32, and `float16` from 7.0 on.

    Yields:
        The name of Keras' dtype policy.
    """
    config = import_module("keras").config
    before = config.dtype_policy()
    if asked != "auto":
        config.set_dtype_policy(asked)
    elif before.name == "float32":
        capability = _compute_capability()
        if capability >= (8, 0):
            config.set_dtype_policy("mixed_bfloat16")
        elif capability >= (7, 0):
            config.set_dtype_policy("mixed_float16")
    try:
        yield str(config.dtype_policy().name)
    finally:
        config.set_dtype_policy(before)


def summary(policy: str) -> str:
    """Say on what a network is trained, and how, in one line.

    Args:
        policy: As `precision` yields it.
    """
    name = current()
    cards = [device for device in _devices(name) if "cpu" not in device.lower()]
    place = (
        f"{len(cards)} x {_card_name(name)}" if cards else f"{processor_count()} processor cores"
    )
    parts = [f"{name} {import_module(name).__version__} on {place}", policy]
    if name == "tensorflow" and not cards:
        parts.append(f"oneDNN {'on' if os.environ.get('TF_ENABLE_ONEDNN_OPTS') == '1' else 'off'}")
    parts.append("compiled by XLA" if jit_compile() else "not compiled by XLA")
    return ", ".join(parts)


def settle(model: Any) -> None:
    """Bring the variables of a model that is being fitted up to its last step.

    During an epoch JAX keeps the state of training to itself; call this before variables are read
    or changed between two steps.
    """
    sync = getattr(model, "jax_state_sync", None)
    if sync is not None:
        sync()


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend: initial weights and dropout follow from `seed`."""
    # Keras seeds TensorFlow too, and for that imports it, even where it is not the backend.
    with _without_early_log():
        import_module("keras").utils.set_random_seed(seed)


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
        raise _refused("must be tensorflow or jax, which give gradients of a network", name)
    return ops.convert_to_numpy(ops.cast(found, "float32"))


def saved_function(folder: Path) -> Callable[[Any], dict[str, Any]]:
    """Open a SavedModel, whatever backend Keras runs on; sets no environment.

    Args:
        folder: Where it is.

    Returns:
        What it serves: a function from a NumPy array to NumPy arrays by name.
    """
    with _without_early_log():
        tensorflow = import_module("tensorflow")
        loaded = tensorflow.saved_model.load(str(folder))
    serve = loaded.signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]

    def run(images: Any) -> dict[str, Any]:
        assert loaded is not None  # its variables live as long as something holds it
        given = serve(**{name: tensorflow.constant(images)})
        return {output: tensor.numpy() for output, tensor in given.items()}

    return run


def deterministic() -> None:
    """Ask the backend for operations that give the same bits each time, where it has the choice."""
    name = current()
    if name == "tensorflow":
        import_module("tensorflow").config.experimental.enable_op_determinism()
    elif name == "torch":
        import_module("torch").use_deterministic_algorithms(True, warn_only=True)


def processes() -> tuple[int, int] | None:
    """Return which of how many processes that train together this is; `None` if it joined none.

    It may be called before a backend is imported, and imports none.
    """
    jax = sys.modules.get(DISTRIBUTING)
    if jax is None or not jax.distributed.is_initialized():
        return None
    return int(jax.process_index()), int(jax.process_count())


def local_devices() -> int:
    """Return how many of the devices that a distributed training uses are this process's own."""
    return int(import_module(DISTRIBUTING).local_device_count())


def gathered(numbers: Any) -> Any:
    """Return an array of every process, one below the other; each has to call this.

    Args:
        numbers: A NumPy array, of the same shape and type in every process.
    """
    return import_module(f"{DISTRIBUTING}.experimental.multihost_utils").process_allgather(numbers)


def versions() -> dict[str, Any]:
    """Return what a run records about its backend.

    Returns:
        `backend`, `backend_version` and `keras` as strings, `devices` as a list of them.
    """
    name = current()
    return {
        "backend": name,
        "backend_version": str(import_module(name).__version__),
        "keras": version("keras"),
        "devices": _devices(name),
    }


def _devices(name: str) -> list[str]:
    if name != "torch":
        return [str(device) for device in import_module("keras").distribution.list_devices()]
    cuda = import_module("torch").cuda
    return [cuda.get_device_name(number) for number in range(cuda.device_count())] or ["cpu"]


def _threads() -> dict[str, str]:
    """As many threads as a container gives, where that is fewer than the machine has."""
    count = processor_count()
    if count >= (os.cpu_count() or 1):
        return {}
    return {"TF_NUM_INTRAOP_THREADS": str(count), "OMP_NUM_THREADS": str(count)}


def _compute_capability() -> tuple[int, int]:
    """That of the first graphics card; zeros where there is none, or one that is not of CUDA."""
    name = current()
    try:
        if name == "torch":
            found = import_module("torch").cuda.get_device_capability()
        elif name == "jax":
            found = import_module("jax").devices()[0].compute_capability.split(".")
        else:
            config = import_module("tensorflow").config
            (card, *_) = config.list_physical_devices("GPU")
            found = config.experimental.get_device_details(card)["compute_capability"]
        major, minor = found
        return int(major), int(minor)
    except (AssertionError, AttributeError, KeyError, RuntimeError, ValueError):
        return 0, 0


def _card_name(name: str) -> str:
    if name == "torch":
        return str(import_module("torch").cuda.get_device_name(0))
    if name == "jax":
        return str(import_module("jax").devices()[0].device_kind)
    config = import_module("tensorflow").config
    details = config.experimental.get_device_details(config.list_physical_devices("GPU")[0])
    return str(details.get("device_name", "GPU"))


def _configured() -> str | None:
    """The backend of Keras' own configuration file, which `KERAS_BACKEND` would override."""
    home = Path(os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser())
    try:
        found = json.loads((home / "keras.json").read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _refused(expected: str, received: str) -> ExperimentError:
    nearest = None if received in BACKENDS else did_you_mean(received, BACKENDS)
    problem = Problem(place="backend", expected=expected, received=received, nearest=nearest)
    return ExperimentError([problem])


@contextmanager
def _without_early_log() -> Iterator[None]:
    """Hold back what is written to standard error; let through all but the early log lines."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all, as under pythonw
        yield
        return
    sys.stderr.flush()
    with TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not EARLY_LOG.match(line):
                    os.write(2, line)
