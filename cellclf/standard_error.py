"""Lines that a library writes to standard error unasked, held back."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

__all__ = ["without_lines"]


@contextmanager
def without_lines(pattern: re.Pattern[bytes]) -> Iterator[None]:
    """Hold back what the process writes to standard error; let through all that is not meant.

    Whatever writes it, in whatever language, is heard: other threads too, as long as this lasts.
    All other lines come out at the end, in their order.

    Args:
        pattern: How the lines begin that are not to be seen.

    Example:
        >>> import os, re
        >>> with without_lines(re.compile(rb"INFO: ")):
        ...     written = os.write(2, b"INFO: a delegate was made")
    """
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
                if not pattern.match(line):
                    os.write(2, line)
