"""Plugins that are installed for a test alone."""

from __future__ import annotations

from pathlib import Path

__all__ = ["GOOD", "Site"]

GOOD = """
import cellclf

@cellclf.hookimpl
def cellclf_models():
    yield cellclf.ModelSpec(
        name="{name}", summary="A test", build="nowhere:build", pixel_range=(0, 1),
        explain_layer="features",
    )
"""


class Site:
    """A folder on `sys.path` into which plugins are put as `pip` would put them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, distribution: str, source: str, *, wants: str = "cellclf") -> None:
        module = distribution.replace("-", "_")
        (self.folder / f"{module}.py").write_text(source)
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        (info / "METADATA").write_text(f"{metadata}Requires-Dist: {wants}\n")
        (info / "entry_points.txt").write_text(f"[cellclf]\n{module} = {module}\n")
