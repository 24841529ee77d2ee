"""Seeds, determinism, the state of a training, and the processes that share one."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from cellclf.network.backend.choice import DISTRIBUTING, current
from cellclf.network.backend.quiet import without_early_log

__all__ = ["deterministic", "gathered", "local_devices", "processes", "seed_everything", "settle"]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend: initial weights and dropout follow from `seed`."""
    # Keras seeds TensorFlow too, and for that imports it, even where it is not the backend.
    with without_early_log():
        import_module("keras").utils.set_random_seed(seed)


def deterministic() -> None:
    """Ask the backend for operations that give the same bits each time, where it has the choice."""
    name = current()
    if name == "tensorflow":
        import_module("tensorflow").config.experimental.enable_op_determinism()
    elif name == "torch":
        import_module("torch").use_deterministic_algorithms(True, warn_only=True)


def settle(model: Any) -> None:
    """Bring the variables of a model that is being fitted up to its last step.

    During an epoch JAX keeps the state of training to itself; call this before variables are read
    or changed between two steps.
    """
    sync = getattr(model, "jax_state_sync", None)
    if sync is not None:
        sync()


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
