"""The differential count: how many cells of each class a specimen has, and how sure that is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError, hint
from cellclf.evaluation.mixtures import mixture_shares
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.evaluation.proportions import LEVEL, clopper_pearson
from cellclf.terms import first_few

__all__ = [
    "Correction",
    "Question",
    "answer_column",
    "cells_to_settle",
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

MOST_CELLS = 1_000_000

NO_SHARE = 1e-6
"""A corrected share below which there is none: less than a cell of as many as are ever counted."""


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
            f"{first_few(map(repr, unknown))}.{hint(unknown[0], classes)}"
        )
    given = Counter(answers)
    cells = np.array([given[name] for name in classes])
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
    quantile = scipy.stats.chi2.ppf(1 - (1 - level) / len(number), 1)
    spread = np.sqrt(quantile * (quantile + 4 * number * (total - number) / total))
    middle, scale = quantile + 2 * number, 2 * (total + quantile)
    lows = ((middle - spread) / scale).tolist()
    # Where all cells are of one class, rounding would take it past 1.
    highs = np.minimum(1, (middle + spread) / scale).tolist()
    return list(zip(lows, highs, strict=True))


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What shares are corrected for; the same for any number of specimens.

    If a specimen differs from the images that the confusion was counted on in nothing but how many
    cells of each class it has (label shift), then its counts are a mixture of the rows of the
    confusion matrix, and its shares are those under which the counts are likeliest: the maximum
    likelihood of a mixture of known parts, by expectation and maximisation, as in iterative
    unfolding (D'Agostini, 1995). Saerens, Latinne and Decaestecker (2002) do the same with the
    probabilities of each answer in place of the answers. Shares are never negative and sum to 1. On
    a specimen that looks different in other ways, the correction may make a count worse.

    Intervals take the cells of the confusion for independent, which those of one patient or field
    are not: they are then too narrow.

    Attributes:
        rows: Probability of each answer to a cell of each class, `(k, a)`, no answer impossible.
        drawn_rows: The same, as often as it was drawn anew, `(draws, k, a)`.
        seed: Decides every draw.
    """

    rows: Floats
    drawn_rows: Floats
    seed: int

    @classmethod
    def of(cls, confusion: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Correction:
        """Take it from what the classifier was seen to confuse.

        Args:
            confusion: Cells by true class (rows) and answer, shape `(k, k)`; or `(k, k + 1)`, those
                `unidentified` last: a specimen may then also hold things of no class, all of which
                are unidentified; how many is found with the rest, and shares are of the cells of
                some class.
            draws: How often counts and confusion are drawn anew for the intervals.
            seed: Decides every draw.

        Raises:
            DataError: The array has another shape.
        """
        counts = np.asarray(confusion, dtype=np.float64)
        if counts.ndim != 2 or not len(counts) <= counts.shape[1] <= len(counts) + 1:
            raise DataError(
                "`confusion` must have a row for each class, and a column for each, and perhaps "
                f"one for unidentified cells. Received: shape {counts.shape}"
            )
        smoothed = counts + PRIOR_COUNT
        rng = np.random.default_rng([seed, 0])
        return cls(
            rows=smoothed / smoothed.sum(axis=1, keepdims=True),
            drawn_rows=np.stack([rng.dirichlet(row, size=draws) for row in smoothed], axis=1),
            seed=seed,
        )

    def shares(self, cells: ArrayLike, *, level: float = LEVEL) -> tuple[Floats, Floats, Floats]:
        """Return the corrected shares of the classes in a specimen.

        Args:
            cells: Cells of each answer, shape `(k,)` or `(k + 1,)`, as the confusion has columns.
            level: Confidence level.

        Returns:
            Shares, lower and upper limits, each of shape `(k,)`. The limits are those between which
            the shares lie when what the counts of the specimen and those of the confusion stand for
            is drawn anew (both Dirichlet).

        Raises:
            DataError: There are more or fewer numbers than answers.

        Example:
            >>> shares, low, high = Correction.of([[90, 10], [20, 80]]).shares([120, 80])
            >>> shares.round(2).tolist()
            [0.57, 0.43]
        """
        number = np.asarray(cells, dtype=np.float64)
        classes, answers = self.rows.shape
        if number.shape != (answers,):
            raise DataError(
                f"there must be a number of cells for each of {answers} answers. Received: shape "
                f"{number.shape}"
            )
        if not number[:classes].any():
            nothing = np.full(classes, np.nan)
            return nothing, nothing, nothing
        found = _shares(number[None] / number.sum(), self.rows[None])[0]
        rng = np.random.default_rng([self.seed, 1])
        # Not a multinomial of what was counted: a class of which no cell was would never be drawn.
        drawn = rng.dirichlet(number + PRIOR_COUNT, size=len(self.drawn_rows))
        tail = (1 - level) / 2
        low, high = np.quantile(_shares(drawn, self.drawn_rows), [tail, 1 - tail], axis=0)
        low, high = np.minimum(low, found), np.maximum(high, found)
        return _plain(found), _plain(low), _plain(high)


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
        0 where it is settled; `None` where a million in all would not do, or none was counted.

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
    least, most = cells, MOST_CELLS
    if not settled(most):
        return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if settled(middle) else (middle, most)
    return most - cells


def _plain(shares: Floats) -> Floats:
    """Shares with the traces that the search for them leaves taken for the zero that they are."""
    plain: Floats = np.where(shares < NO_SHARE, 0.0, shares)
    return plain


def _shares(observed: Floats, rows: Floats) -> Floats:
    """Shares of the classes, `(draws, k)`; what is of no class is estimated, and left out."""
    classes, answers = rows.shape[1:]
    if answers > classes:
        of_no_class = np.zeros((len(rows), 1, answers))
        of_no_class[:, :, -1] = 1
        rows = np.concatenate([rows, of_no_class], axis=1)
    shares = mixture_shares(observed, rows)[:, :classes]
    total: Floats = shares.sum(axis=1, keepdims=True)
    return shares / np.maximum(total, np.finfo(np.float64).tiny)
