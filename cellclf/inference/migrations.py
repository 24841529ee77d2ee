"""Manifests of older bundles, brought to the present schema.

Each step takes the manifest of one schema, as it was read from JSON and before it is validated, and
returns that of the next. Steps are never changed once a version with them is out: a bundle stored
by that version is read in the tests of every later one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "migrated"]

Manifest = Mapping[str, Any]


def _without_calibrated(manifest: Manifest) -> dict[str, Any]:
    """1 to 2: `calibrated` said again whether there are thresholds."""
    kept = dict(manifest)
    if kept.pop("calibrated", False) is not bool(kept.get("thresholds")):
        raise ValueError("calibrated: must be true where there are thresholds, and nowhere else")
    return kept


MIGRATIONS: tuple[Callable[[Manifest], dict[str, Any]], ...] = (_without_calibrated,)
"""The first is from schema 1 to 2, the next from 2 to 3, and so on."""

SCHEMA_VERSION = len(MIGRATIONS) + 1
"""What bundles are written in: a step more where a bundle can no longer be read by the version
before."""


def migrated(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as the present schema has it.

    Args:
        manifest: That of any schema up to `SCHEMA_VERSION`; it is left as it is.

    Raises:
        ValueError: It says no schema, or contradicts itself.

    Example:
        >>> migrated({"schema_version": 1, "calibrated": False, "thresholds": {}})
        {'schema_version': 2, 'thresholds': {}}
    """
    version = manifest.get("schema_version")
    # `type`, not `isinstance`: true is an int.
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise ValueError(f"schema_version: must be a whole number from 1 to {SCHEMA_VERSION}")
    current = dict(manifest)
    for step in MIGRATIONS[version - 1 :]:
        current = step(current)
    return {**current, "schema_version": SCHEMA_VERSION}
