"""The one place that names a backend. Importing it sets nothing and imports no Keras.

`prepare_backend` does both, once a process.
"""

from cellclf.network.backend.choice import (
    BACKENDS,
    DEFAULT,
    DEFAULTS,
    DISTRIBUTING,
    QUIET,
    chosen_backend,
    current,
    meant,
    prepare_backend,
)
from cellclf.network.backend.devices import jit_compile, precision, summary, versions
from cellclf.network.backend.operations import fused_normalization, gradient, saved_function
from cellclf.network.backend.quiet import log_errors_alone
from cellclf.network.backend.state import (
    deterministic,
    gathered,
    local_devices,
    processes,
    seed_everything,
    settle,
)

__all__ = [
    "BACKENDS",
    "DEFAULT",
    "DEFAULTS",
    "DISTRIBUTING",
    "QUIET",
    "chosen_backend",
    "current",
    "deterministic",
    "fused_normalization",
    "gathered",
    "gradient",
    "jit_compile",
    "local_devices",
    "log_errors_alone",
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
