"""What a worker process runs: it reads questions, a line each, and answers them.

python -m cellclf.testing.answering
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO

from cellclf.specs import resolve

__all__ = ["answer"]


def answer(questions: IO[str], answers: IO[str]) -> None:
    """Call what each question names, and write what it returned or raised.

    Args:
        questions: Lines of JSON: a reference and named arguments.
        answers: Lines of JSON.
    """
    for line in questions:
        reference, named = json.loads(line)
        try:
            said = {"returned": resolve(reference)(**named)}
        except Exception as error:
            said = {"raised": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    # Whatever a plugin prints goes where complaints go, not among the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(2, 1)
        answer(sys.stdin, replies)
