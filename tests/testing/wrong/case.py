"""A plugin with one fault, and the check that has to name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cellclf.specs import Spec

__all__ = ["Wrong"]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One wrong plugin.

    Attributes:
        fault: What is wrong with it.
        check: Name of the one check that fails.
        spec: The plugin.
        how: Other arguments of `check_plugin`.
        slow: Another fault of the kind is found in the quick tests.
    """

    fault: str
    check: str
    spec: Spec
    how: Mapping[str, Any] = field(default_factory=dict)
    slow: bool = False
