"""Calling the `load` of a dataset, which is a plugin's."""

from __future__ import annotations

from pathlib import Path

from cellclf.chosen import Chosen
from cellclf.data.samples import Samples
from cellclf.errors import PluginError
from cellclf.specs import DatasetSpec

__all__ = ["load_dataset"]


def load_dataset(choice: Chosen[DatasetSpec], root: Path | None) -> Samples:
    """Return what a dataset finds at `root`, as its plugin gives it.

    Raises:
        DataError: There are no such images.
        PluginError: The plugin is at fault.
    """
    loaded = choice.function("load")(choice.params, root=root)
    if not isinstance(loaded, Samples):
        raise PluginError(
            f"`load` of the dataset {choice.spec.name!r} must return Samples. "
            f"Received: {type(loaded).__name__}"
        )
    return loaded
