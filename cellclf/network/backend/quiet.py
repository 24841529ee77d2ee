"""The lines that TensorFlow logs before it has read its own log level."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from cellclf.standard_error import without_lines

__all__ = ["without_early_log"]

EARLY_LOG = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ |"
    rb"To enable the following instructions: "
)


def without_early_log() -> AbstractContextManager[None]:
    """Hold back what is written to standard error; let through all but the early log lines."""
    return without_lines(EARLY_LOG)
