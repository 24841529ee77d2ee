"""Whether what judges a model was kept from it: tables of sources in, ties or a refusal out.

A table of sources says of each sample where it comes from. It has the column `sample_id` and any of

    unit      number or name of what may not be separated; it means something within one division
    group     groups as one text, `patient=C132; slide=4`, as in a table of predictions
    content   hash of what the sample shows (see `cellclf.data.reading.content_hash`)

Only columns that both tables have are compared; an empty cell ties nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, LeakageError
from cellclf.evaluation.units import group_ties

__all__ = [
    "fingerprint",
    "refuse_seen",
    "refuse_trained",
    "seen",
    "trained_sources",
]

TIES = ("content", "group", "unit")
"""Columns that may tie samples, the most telling first."""

NAMED = 5
"""How many samples a message names."""

PREFIX_DIGITS = 16
"""Hexadecimal digits of a content hash that a fingerprint keeps: 64 bits. Of a million images and a
million others, two agree by chance once in 18 million such pairs of sets."""


def trained_sources(judged: pd.DataFrame, trained: pd.DataFrame) -> dict[str, str]:
    """Return why samples are not apart from those trained on, by their id.

    Args:
        judged: Sources of the samples that are to judge.
        trained: Sources of the samples that were trained on.

    Returns:
        For each sample of `judged` that is tied to one of `trained`, what ties it, as half a
        sentence; in the order of `judged`.

    Raises:
        DataError: A table without ids, or tables that have no column to compare.

    Example:
        >>> judged = pd.DataFrame({"sample_id": ["a", "b"], "group": ["patient=1", "patient=2"]})
        >>> trained = pd.DataFrame({"sample_id": ["c"], "group": ["slide=7; patient=2"]})
        >>> trained_sources(judged, trained)
        {'b': 'patient=2 was trained on'}
    """
    for table in (judged, trained):
        if "sample_id" not in table.columns:
            raise DataError("a table of sources must have a column 'sample_id'")
    ties = [name for name in TIES if name in judged.columns and name in trained.columns]
    if not ties:
        raise DataError(
            "tables of sources must share a column `unit`, `group` or `content`, or nothing is "
            f"compared. Received: {', '.join(judged.columns)} and {', '.join(trained.columns)}"
        )
    why: dict[str, str] = {}
    for name in ties:
        known = {tie for cell in trained[name] for tie in _ties(name, cell)}
        for sample_id, cell in zip(judged["sample_id"], judged[name], strict=True):
            shared = [tie for tie in _ties(name, cell) if tie in known]
            if shared:
                why.setdefault(str(sample_id), _said(name, shared[0]))
    return {name: why[name] for name in map(str, judged["sample_id"]) if name in why}


def refuse_trained(
    judged: pd.DataFrame, trained: pd.DataFrame, *, allow_leakage: bool = False
) -> dict[str, str]:
    """Make sure that no sample judges a model that was trained on its source.

    Args:
        judged: Sources of the samples that are to judge.
        trained: Sources of the samples that were trained on.
        allow_leakage: Return the ties rather than refuse them; whoever does so marks every figure.

    Returns:
        What `trained_sources` returns; empty where all is well.

    Raises:
        LeakageError: Samples are tied, and that is not allowed.
        DataError: As `trained_sources`.
    """
    tied = trained_sources(judged, trained)
    if tied and not allow_leakage:
        raise LeakageError(
            f"{len(tied):,} of {len(judged):,} images that are to judge the model come from what "
            f"it was trained on: {_listed(tied.items())}. Leave them out, or judge on images of "
            "other sources"
        )
    return tied


def fingerprint(content: Iterable[str]) -> NDArray[np.uint64]:
    """Return what is kept of content hashes to know the images again, and nothing else of them.

    Args:
        content: SHA-256 of each image, in hexadecimal.

    Returns:
        First eight bytes of each, sorted, each once, shape `(n,)`.

    Example:
        >>> fingerprint(["00000000000000ff" + "0" * 48, "0000000000000001" + "f" * 48]).tolist()
        [1, 255]
    """
    return np.unique(np.array([int(one[:PREFIX_DIGITS], 16) for one in content], dtype=np.uint64))


def seen(content: Sequence[str], trained: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which images a model was trained on.

    Args:
        content: SHA-256 of each image, in hexadecimal.
        trained: `fingerprint` of those that it was trained on.

    Returns:
        Shape `(n,)`.
    """
    prefixes = np.array([int(one[:PREFIX_DIGITS], 16) for one in content], dtype=np.uint64)
    known = np.zeros(len(prefixes), np.bool_)
    if len(trained):
        # By halving what is sorted: few images at a time are compared with very many.
        places = np.searchsorted(trained, prefixes)
        known = trained[np.minimum(places, len(trained) - 1)] == prefixes
    return known


def refuse_seen(
    sample_ids: Sequence[str],
    content: Sequence[str],
    trained: NDArray[np.uint64],
    *,
    model: str,
    advice: str = "Judge on others",
) -> None:
    """Make sure that no image judges a model that was trained on it, by the model's fingerprint.

    Args:
        sample_ids: The images that are to judge.
        content: SHA-256 of each, in hexadecimal.
        trained: `fingerprint` of the images that the model was trained on.
        model: What the message calls it.
        advice: What the message says is to be done.

    Raises:
        LeakageError: It was trained on some of them.
    """
    known = seen(content, trained)
    if known.any():
        names = [name for name, was in zip(sample_ids, known, strict=True) if was]
        raise LeakageError(
            f"{model} was trained on {len(names):,} of the {len(sample_ids):,} images that are to "
            f"judge: {_listed((name, '') for name in names)}. {advice}"
        )


def _ties(name: str, cell: Any) -> list[str]:
    """What a cell ties its sample by; nothing where it is empty or missing."""
    if name == "group":
        return group_ties(cell)
    if cell is None or pd.isna(cell):
        return []
    # A column of numbers with gaps is read as floats: unit 7 is 7.0 there.
    whole = isinstance(cell, float) and cell.is_integer()
    text = str(int(cell) if whole else cell)
    return [text] if text else []


def _said(name: str, tie: str) -> str:
    if name == "content":
        return "the same image was trained on"
    if name == "group":
        return f"{tie} was trained on"
    return f"other images of its unit, number {tie}, were trained on"


def _listed(tied: Iterable[tuple[str, str]]) -> str:
    pairs = list(tied)
    shown = ", ".join(f"{name} ({why})" if why else name for name, why in pairs[:NAMED])
    return f"{shown}, ..." if len(pairs) > NAMED else shown
