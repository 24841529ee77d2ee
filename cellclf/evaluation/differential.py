"""The differential count: how many cells of each class a specimen has, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cellclf.errors import DataError, hint
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.evaluation.proportions import LEVEL, clopper_pearson

__all__ = [
    "Question",
    "answer_column",
    "cells_to_settle",
    "corrected_shares",
    "corrections",
    "count",
    "simultaneous",
]

Floats = NDArray[np.float64]

DRAWS = 1000
"""Draws of counts and confusions that the interval of a corrected count comes from."""

PRIOR_COUNT = 0.5
"""Added to every count, in a confusion matrix and in the draws of those of a specimen: what was
never seen is not impossible (Jeffreys)."""

STEPS = 500
TOLERANCE = 1e-7
"""The shares of a corrected count are taken for settled when no step moves them further."""

MOST_CELLS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whether a class makes up more than a share of the cells.

    Attributes:
        class_name: The class.
        share: The share, 0 to 1.

    Example:
        >>> Question.parsed("eosinophil > 5 %")
        Question(class_name='eosinophil', share=0.05)
    """

    class_name: str
    share: float

    @classmethod
    def parsed(cls, text: str) -> Question:
        """Read it from `CLASS > SHARE %`.

        Raises:
            DataError: It is written otherwise.
        """
        name, sign, rest = text.rpartition(">")
        number = rest.strip().removesuffix("%").strip()
        try:
            share = float(number) / 100
        except ValueError:
            share = math.nan
        if not sign or not name.strip() or not 0 < share < 1:
            raise DataError(f"a question must look like 'eosinophil > 5 %'. Received: {text!r}")
        return cls(class_name=name.strip(), share=share)


def answer_column(table: pd.DataFrame) -> pd.Series[str]:
    """Return the answer for each row: what a reviewer put into `corrected`, else `predicted`."""
    corrected = corrections(table)
    return corrected.where(corrected != "", table["predicted"].astype("str"))


def corrections(table: pd.DataFrame) -> pd.Series[str]:
    """Return what a reviewer put into `corrected` of each row; empty where nobody did."""
    if "corrected" not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table["corrected"].fillna("").astype("str").str.strip()


def count(answers: Sequence[str], classes: Sequence[str], *, level: float = LEVEL) -> pd.DataFrame:
    """Count the cells of one specimen.

    Shares are of the identified cells. Each has an exact interval of its own (Clopper and Pearson,
    1934), and one that holds for all classes together (Goodman, 1965).

    Args:
        answers: One a cell: a class, or `unidentified`.
        classes: Class names, in the order wanted.
        level: Confidence level.

    Returns:
        One row a class: `class`, `cells`, `share`, `low`, `high`, `low_all`, `high_all` (for all
        classes together); shares are missing where no cell was identified.

    Raises:
        DataError: An answer that is neither a class nor `unidentified`.

    Example:
        >>> table = count(["round"] * 90 + ["long"] * 10 + ["unidentified"] * 5, ["round", "long"])
        >>> table["cells"].tolist(), table["share"].tolist()
        ([90, 10], [0.9, 0.1])
    """
    unknown = sorted(set(answers) - {*classes, UNIDENTIFIED})
    if unknown:
        raise DataError(
            f"every answer must be one of {', '.join(classes)}, or {UNIDENTIFIED!r}. Received: "
            f"{', '.join(map(repr, unknown[:5]))}.{hint(unknown[0], classes)}"
        )
    given = pd.Series(list(answers), dtype="str")
    cells = np.array([int((given == name).sum()) for name in classes])
    total = int(cells.sum())
    rows = []
    together = simultaneous(cells, level=level)
    for name, number, (low_all, high_all) in zip(classes, cells.tolist(), together, strict=True):
        low, high = clopper_pearson(number, total, level=level) if total else (np.nan, np.nan)
        rows.append(
            {
                "class": name,
                "cells": number,
                "share": number / total if total else np.nan,
                "low": low,
                "high": high,
                "low_all": low_all,
                "high_all": high_all,
            }
        )
    return pd.DataFrame(rows)


def simultaneous(cells: ArrayLike, *, level: float = LEVEL) -> list[tuple[float, float]]:
    r"""Return intervals of the shares of a multinomial count that hold all together.

    $(A + 2n \pm \sqrt{A (A + 4 n (N - n) / N)}) / 2(N + A)$ with $A$ the quantile of chi-square
    with one degree of freedom at the level that is divided between the classes (Goodman, 1965).

    Args:
        cells: Cells of each class, shape `(k,)`.
        level: Confidence level for all classes together.

    Example:
        >>> [tuple(round(limit, 3) for limit in pair) for pair in simultaneous([90, 10])]
        [(0.813, 0.949), (0.051, 0.187)]
    """
    number = np.asarray(cells, dtype=np.float64)
    total = number.sum()
    if total == 0:
        return [(np.nan, np.nan)] * len(number)
    quantile = stats.chi2.ppf(1 - (1 - level) / len(number), 1)
    spread = np.sqrt(quantile * (quantile + 4 * number * (total - number) / total))
    middle, scale = quantile + 2 * number, 2 * (total + quantile)
    lows = np.clip((middle - spread) / scale, 0, 1).tolist()
    highs = np.clip((middle + spread) / scale, 0, 1).tolist()
    return list(zip(lows, highs, strict=True))


def corrected_shares(
    cells: ArrayLike,
    confusion: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[Floats, Floats, Floats]:
    """Return the shares of the classes, corrected for what the classifier confuses.

    If a specimen differs from the images that the confusion was counted on in nothing but how many
    cells of each class it has (label shift), then its counts are a mixture of the rows of the
    confusion matrix, and the shares of the mixture are found by expectation maximisation (Saerens,
    Latinne and Decaestecker, 2002). They are never negative and sum to 1. On a specimen that looks
    different in other ways, the correction may make a count worse.

    Args:
        cells: Cells of each answer, shape `(k,)`; or `(k + 1,)`, those `unidentified` last.
        confusion: Cells by true class (rows) and answer, shape `(k, k)` or `(k, k + 1)`. With the
            latter a specimen may also hold things of no class, all of which are unidentified; how
            many is found with the rest, and shares are of the cells of some class.
        draws: How often the counts and the confusion are drawn anew for the intervals.
        seed: Decides every draw.
        level: Confidence level.

    Returns:
        Shares, lower and upper limits, each of shape `(k,)`. The limits are those between which the
        shares lie when what the counts of the specimen and those of the confusion stand for is
        drawn anew (both Dirichlet).

    Raises:
        DataError: The arrays do not fit each other.

    Example:
        >>> shares, low, high = corrected_shares([120, 80], [[90, 10], [20, 80]])
        >>> shares.round(2).tolist()
        [0.57, 0.43]
    """
    number = np.asarray(cells, dtype=np.float64)
    counts = np.asarray(confusion, dtype=np.float64)
    classes = len(counts)
    if counts.ndim != 2 or not classes <= counts.shape[1] == len(number) <= classes + 1:
        raise DataError(
            f"`confusion` must have a row for each class, and a column for each of {len(number)} "
            f"answers. Received: shape {counts.shape}"
        )
    smoothed = counts + PRIOR_COUNT
    total = int(number.sum())
    if not number[:classes].any():
        nothing = np.full(classes, np.nan)
        return nothing, nothing, nothing
    rows = smoothed / smoothed.sum(axis=1, keepdims=True)
    found = _shares(number[None] / total, rows[None])[0]
    rng = np.random.default_rng(seed)
    matrices = np.stack([rng.dirichlet(row, size=draws) for row in smoothed], axis=1)
    # Not a multinomial of what was counted: a class of which no cell was would never be drawn.
    drawn = rng.dirichlet(number + PRIOR_COUNT, size=draws)
    shares = _shares(drawn, matrices)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(shares, [tail, 100 - tail], axis=0)
    return found, np.minimum(low, found), np.maximum(high, found)


def cells_to_settle(hits: int, cells: int, share: float, *, level: float = LEVEL) -> int | None:
    """Return how many more cells would settle whether a class makes up more than a share.

    It is settled when the exact interval lies on one side of the share. How many cells that takes
    follows from the share that was seen, if it stays what it is.

    Args:
        hits: Cells of the class.
        cells: All identified cells.
        share: The share in question, 0 to 1.
        level: Confidence level.

    Returns:
        0 where it is settled; `None` where a million would not do, or where none was counted.

    Example:
        >>> cells_to_settle(7, 100, 0.05)
        443
    """
    if not cells:
        return None

    def settled(number: int) -> bool:
        low, high = clopper_pearson(hits / cells * number, number, level=level)
        return low > share or high < share

    if settled(cells):
        return 0
    most = cells
    while not settled(most):
        most *= 2
        if most > MOST_CELLS:
            return None
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if settled(middle) else (middle, most)
    return most - cells


def _shares(observed: Floats, matrices: Floats) -> Floats:
    """Shares of the classes, `(draws, k)`; what is of no class is estimated, and left out."""
    classes, answers = matrices.shape[1:]
    if answers > classes:
        of_no_class = np.zeros((len(matrices), 1, answers))
        of_no_class[:, :, -1] = 1
        matrices = np.concatenate([matrices, of_no_class], axis=1)
    shares = _mixture(observed, matrices)[:, :classes]
    total: Floats = shares.sum(axis=1, keepdims=True)
    return shares / np.maximum(total, np.finfo(np.float64).tiny)


def _mixture(observed: Floats, matrices: Floats) -> Floats:
    """Shares of a mixture, `(draws, k)`, from answers `(draws, a)` and rows `(draws, k, a)`."""
    shares = np.full(matrices.shape[:2], 1 / matrices.shape[1])
    for _ in range(STEPS):
        joint = shares[:, :, None] * matrices
        posterior = joint / joint.sum(axis=1, keepdims=True)
        moved = (posterior * observed[:, None, :]).sum(axis=2)
        step = float(np.abs(moved - shares).max())
        shares = moved
        if step < TOLERANCE:
            break
    return shares
