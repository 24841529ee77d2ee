"""The lines that TensorFlow logs before it has read its own log level."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

__all__ = ["without_early_log"]

EARLY_LOG = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ |"
    rb"To enable the following instructions: "
)


@contextmanager
def without_early_log() -> Iterator[None]:
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
