"""One plugin, imported in a process that exists for that alone: `python -m cellclf.doctor.child`.

Standard input is the plugin as JSON; the last line of standard output is what came of it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cellclf.doctor.sources import may_hold
from cellclf.examining import CORE, Plugin
from cellclf.registry import examined
from cellclf.specs import EngineSpec

__all__ = ["HEAVY", "answer"]

HEAVY = (
    "cv2",
    "jax",
    "keras",
    "matplotlib",
    "numpy",
    "onnxruntime",
    "openvino",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
)
"""What takes long to import, and no plugin needs in order to say what it offers."""


def answer(known: dict[str, Any]) -> dict[str, Any]:
    """Import a plugin, ask its hooks, and return what came of it, as plain values."""
    file = known.pop("file")
    before = set(sys.modules)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", DeprecationWarning)
        plugin = examined(Plugin(**known, file=None if file is None else Path(file)))
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    return {
        "status": plugin.status,
        "reason": plugin.reason,
        "place": plugin.place,
        "offers": [[spec.kind, spec.name] for spec in plugin.specs],
        "engines": {
            spec.name: list(spec.requires) for spec in plugin.specs if isinstance(spec, EngineSpec)
        },
        "import_seconds": plugin.import_seconds,
        "imported": sorted(new.intersection(HEAVY)),
        "missing": list(_missing(plugin)),
        "deprecated": [
            [str(one.message), f"{one.filename}:{one.lineno}"]
            for one in warned
            if issubclass(one.category, DeprecationWarning)
            and str(one.message).startswith(f"{CORE}: ")
        ],
    }


def _missing(plugin: Plugin) -> Iterator[str]:
    """The references of its specs that lead to nothing, and why."""
    for spec in plugin.specs:
        for field in spec.references:
            reference = getattr(spec, field)
            if reference is None:
                continue
            module, _, name = reference.partition(":")
            says = f"`{field}` of the {spec.kind} {spec.name!r} names {reference!r}, and"
            if not _is_there(module):
                yield f"{says} there is no such module"
            elif not may_hold(module, name):
                yield f"{says} {module} has no {name!r}"


def _is_there(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except Exception:  # a package above it that is not there, or does not import
        return False


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(answer(json.load(sys.stdin)))}\n")
