"""The backend, imported in a process of its own: `python -m cellclf.doctor.backend_child`.

The last line of standard output is what it found, as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from cellclf.network.backend import precision, prepare_backend, summary, versions

__all__ = ["answer"]


def answer() -> dict[str, Any]:
    """Import Keras and its backend, and return what they are and compute on."""
    try:
        prepare_backend()
        with precision("auto") as policy:
            return {**versions(), "said": summary(policy), "problem": ""}
    except Exception as error:  # whatever an installation that does not work raises
        return {"problem": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(answer())}\n")
