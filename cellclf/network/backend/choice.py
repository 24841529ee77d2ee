"""Which backend Keras runs on, and its environment."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from cellclf.errors import ExperimentError, Problem, did_you_mean
from cellclf.network.backend.quiet import log_errors_alone, without_early_log
from cellclf.processors import processor_count

__all__ = [
    "BACKENDS",
    "DEFAULT",
    "DEFAULTS",
    "DISTRIBUTING",
    "QUIET",
    "chosen_backend",
    "current",
    "meant",
    "prepare_backend",
    "refused",
]

BACKENDS = ("tensorflow", "jax", "torch")
DEFAULT = "tensorflow"

DISTRIBUTING = "jax"
"""The backend on which Keras' distribution API works: for TensorFlow it is an unfinished prototype
that trains on one device without a word, for torch there is none (Keras 3.15)."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
"""What keeps a backend from speaking; it says all where a user has set these to 0."""

DEFAULTS = {
    # Off unless asked for on processors without AVX512-VNNI, where it made training
    # faster in every run of `benchmarks/backend_settings.py`, by half and more.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # A graphics card is shared with whatever else its owner runs on it.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    **QUIET,
}


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
            raise refused(
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
        log_errors_alone()
        with without_early_log():
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
        raise refused(f"must be {asked!r}, which KERAS_BACKEND says, or left out", backend)
    wanted = backend or asked or _configured() or DEFAULT
    if wanted not in BACKENDS:
        raise refused(f"must be one of {', '.join(BACKENDS)}", wanted)
    if find_spec(wanted) is None:
        raise refused(f"must be installed: pip install {wanted}", wanted)
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


def refused(expected: str, received: str) -> ExperimentError:
    """Return the error that says what the name of a backend must be."""
    nearest = None if received in BACKENDS else did_you_mean(received, BACKENDS)
    problem = Problem(place="backend", expected=expected, received=received, nearest=nearest)
    return ExperimentError([problem])


def _threads() -> dict[str, str]:
    """As many threads as a container gives, where that is fewer than the machine has."""
    count = processor_count()
    if count >= (os.cpu_count() or 1):
        return {}
    return {"TF_NUM_INTRAOP_THREADS": str(count), "OMP_NUM_THREADS": str(count)}


def _configured() -> str | None:
    """The backend of Keras' own configuration file, which `KERAS_BACKEND` would override."""
    home = Path(os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser())
    try:
        found = json.loads((home / "keras.json").read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None
