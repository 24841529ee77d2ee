"""From what a user calls a model to the bundle that is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

from cellclf.errors import BundleError

__all__ = ["find_bundle"]

MODELS = "models"
METRICS = "metrics.json"
SUFFIX = ".safetensors"


def find_bundle(where: str | os.PathLike[str]) -> Path:
    """Find the bundle that `where` stands for.

    Args:
        where: A bundle; or a run directory, of which the best model is meant.

    Raises:
        BundleError: There is none, or there are several and none of them is said to be best.
    """
    path = Path(where)
    if path.is_dir():
        return _of_run(path)
    if path.exists() or path.suffix or path.name != str(where):
        return path  # whoever reads it says what is wrong with it
    raise BundleError(
        f"`model` must be a bundle (*{SUFFIX}), a run directory, or the name of a model that comes "
        f"with an installed plugin, of which there is none. Received: {where}"
    )


def _of_run(run: Path) -> Path:
    bundles = {path.stem: path for path in sorted((run / MODELS).glob(f"*{SUFFIX}"))}
    if not bundles:
        raise BundleError(
            f"{run} must be a run directory with a trained model in {MODELS}/: it holds none. "
            "If its run was interrupted, the same command goes on with it"
        )
    best = _best(run / METRICS)
    if best in bundles:
        return bundles[best]
    if len(bundles) == 1:
        return next(iter(bundles.values()))
    choices = "".join(f"\n    {path}" for path in bundles.values())
    raise BundleError(f"{run} does not say which of its models is best; name one of:{choices}")


def _best(metrics: Path) -> str:
    """Label of the best model; empty where the file does not say."""
    try:
        return str(json.loads(metrics.read_text(encoding="utf-8"))["best"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
