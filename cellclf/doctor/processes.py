"""Asking a process that exists for one question alone: it may fail, hang or die by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

__all__ = ["PATIENCE", "NoAnswerError", "asked"]

PATIENCE = 120
"""Seconds after which an answer is given up."""

SHOWN = 400
"""Characters of what a process said last that are worth showing."""


class NoAnswerError(Exception):
    """A process that gave no answer; the message is why, as the second half of a sentence."""


def asked(module: str, question: Any, *, patience: float = PATIENCE) -> dict[str, Any]:
    """Run a module of ours in a process of its own and return what it answers.

    Args:
        module: What is run, as by `python -m`. It reads the question from standard input, as JSON;
            the last line that it writes to standard output is its answer, as JSON.
        question: Plain values.
        patience: Seconds after which the process is ended.

    Raises:
        NoAnswerError: It took too long, or ended without an answer.
    """
    try:
        done = subprocess.run(  # noqa: S603  a module of ours
            [sys.executable, "-P", "-m", module],
            input=json.dumps(question),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
            timeout=patience,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"had not ended after {patience:g} seconds") from None
    try:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        said = (done.stderr or done.stdout).strip()[-SHOWN:]
        raise NoAnswerError(f"ended the process (status {done.returncode}): {said}") from None
