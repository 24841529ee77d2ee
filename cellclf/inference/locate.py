"""From what a user calls a model to the bundle that is meant."""

from __future__ import annotations

import os
from pathlib import Path

from cellclf.errors import BundleError, RunError
from cellclf.run_directory import RunDirectory, read_json

__all__ = ["find_bundle"]


def find_bundle(where: str | os.PathLike[str]) -> Path:
    """Find the bundle that `where` stands for.

    Args:
        where: A bundle; or the directory of a complete run, of which the best model is meant.

    Raises:
        BundleError: There is none, or the run is not complete.
    """
    path = Path(where)
    if path.is_dir():
        return _best_of(RunDirectory(path))
    if path.exists() or path.suffix or path.name != str(where):
        return path  # whoever reads it says what is wrong with it
    raise BundleError(
        "`model` must be a bundle (*.safetensors), a run directory, or the name of a model that "
        f"comes with an installed plugin, of which there is none. Received: {where}"
    )


def _best_of(run: RunDirectory) -> Path:
    bundles = run.bundles()
    choices = "".join(f"\n    {path}" for path in bundles.values())
    try:
        complete = run.is_complete()
        best = str(read_json(run.metrics_file)["best"]) if complete else ""
    except (RunError, KeyError) as error:
        raise BundleError(f"{run.path} does not say which of its models is best: {error}") from None
    if complete and best in bundles:
        return bundles[best]
    if complete:
        raise BundleError(f"{run.path} holds no model {best!r}, which it says is its best")
    if bundles:
        raise BundleError(
            f"the run in {run.path} is not complete: the command that began it goes on with it, or "
            f"name one of the models that it has:{choices}"
        )
    raise BundleError(
        f"{run.path} must be the directory of a complete run: it holds no model. If its run was "
        "stopped, the same command goes on with it"
    )
