"""Files that come with a package, such as an experiment or a trained model, by their address."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cellclf.errors import PluginError

__all__ = ["packaged_file"]


def packaged_file(address: str) -> Path:
    """Return the file that an address such as `"my_cells:shipped/cells.safetensors"` names.

    Imports the package and nothing below it.

    Raises:
        PluginError: There is no such package or file, or the file lies in an archive.
    """
    package, _, name = address.partition(":")
    try:
        found = files(package).joinpath(name)
    except Exception as error:
        raise PluginError(f"the package of {address!r} cannot be imported: {error}") from error
    if not found.is_file():
        raise PluginError(
            f"the package {package!r} must hold the file {name!r}, and does not: install it again"
        )
    if not isinstance(found, Path):
        raise PluginError(
            f"the package {package!r} must be installed as files, not as an archive, so that "
            f"{name!r} can be read"
        )
    return found
