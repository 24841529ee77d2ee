"""What TensorFlow logs by itself: before it has read its own log level, and after."""

from __future__ import annotations

import logging
import re
from contextlib import AbstractContextManager

from cellclf.standard_error import without_lines

__all__ = ["log_errors_alone", "without_early_log"]

EARLY_LOG = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ |"
    rb"To enable the following instructions: "
)


def without_early_log() -> AbstractContextManager[None]:
    """Hold back what is written to standard error; let through all but the early log lines."""
    return without_lines(EARLY_LOG)


def log_errors_alone() -> None:
    """Let what TensorFlow logs in Python be errors and nothing less."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
