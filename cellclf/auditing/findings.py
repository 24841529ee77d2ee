"""What an audit can find, and how much each finding matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["SEVERITIES", "Finding", "FindingKind", "Severity"]

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
"""error: a result made from this as it is would be wrong, and a person must decide; warning: images
are left out, or figures would say less than they seem to; note: worth knowing."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The most severe first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: `unreadable`: a file that is no usable image. `suspicious`: files that can be read but
            may not be what they seem. `exact_duplicate`: samples that show the same, bit for bit,
            whatever they are called; `near_duplicate`: the same for copies that were turned, cut,
            recoloured or saved anew, and for overlapping cuts of one image; `label_conflict`:
            equal images or copies that are called differently. `split_leak`: what belongs together
            lies in more than one given part. `small_class`: too little to learn from or to judge
            by; `few_sources`: many files of few. `size_outlier`, `colour_outlier`,
            `sharpness_outlier`: images unlike the others. `background_shortcut`: the border tells
            the class.
        severity: How much it matters.
        files: Ids of the samples concerned, sorted; all of a class where it is the class that is
            concerned, and none where it is the set.
        detail: What a person should know of it, one sentence.
    """

    kind: FindingKind
    severity: Severity
    files: tuple[str, ...]
    detail: str
