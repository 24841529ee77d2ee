"""What a backend computes on, with which numbers, and how that is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any

from cellclf.network.backend.choice import current
from cellclf.processors import processor_count
from cellclf.terms import Precision

__all__ = ["jit_compile", "precision", "summary", "versions"]


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
