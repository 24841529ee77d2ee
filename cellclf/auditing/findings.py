"""What an audit can find, and how much each finding matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "FindingKind", "Severity"]

FindingKind = Literal[
    "unreadable",
    "suspicious",
    "exact_duplicate",
    "near_duplicate",
    "label_conflict",
    "split_leak",
    "small_class",
    "few_sources",
    "size_outlier",
    "colour_outlier",
    "sharpness_outlier",
    "background_shortcut",
]

Severity = Literal["error", "warning", "note"]
"""error: a result made from this would be wrong; warning: images are left out or their labels are
in doubt; note: taken care of, but worth knowing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: `unreadable`, a file that is no usable image; `exact_duplicate`, samples that show the
            same and are called the same; `label_conflict`, samples that show the same and are
            called differently; `split_leak`, a unit that lies in more than one given part.
        severity: How much it matters.
        files: Ids of the samples concerned, sorted.
        detail: What a person should know of it, one sentence.
    """

    kind: FindingKind
    severity: Severity
    files: tuple[str, ...]
    detail: str
