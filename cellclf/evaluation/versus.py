"""Several models on the same samples: every pair compared, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from cellclf.errors import DataError
from cellclf.evaluation.bootstrap import standard_error
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.estimates import Judged
from cellclf.evaluation.metric import SINGLE, Metric
from cellclf.evaluation.pairs import Paired, holm, images_needed, paired
from cellclf.evaluation.predictions import classes_of, labelled
from cellclf.evaluation.proportions import FEWEST_UNITS, LEVEL, Interval
from cellclf.terms import RESAMPLES, counted

__all__ = ["FEWEST_SEEDS", "Pair", "Versus", "adjusted", "architectures", "versus"]

RISK = 1 - LEVEL

FEWEST_SEEDS = 3
"""Trainings of an architecture below which nothing is said of it, only of the trained models."""

ACCURACY = "accuracy"

ROUNDING = 1e-9
"""Differences that are smaller come from how numbers are rounded."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two models, and whether they are told apart.

    Attributes:
        first: Name of the one.
        second: Name of the other.
        found: Which samples they have right, compared.
        p_holm: The p-value, adjusted for all pairs that were compared.
        pairs: How many these are.
    """

    first: str
    second: str
    found: Paired
    p_holm: float
    pairs: int

    @property
    def apart(self) -> bool:
        """Whether they are told apart, at a risk of 5 % over all pairs."""
        return self.p_holm < RISK

    @property
    def images_needed(self) -> int | None:
        """Images in all that would tell them apart; `None` where they are, or do not differ."""
        return None if self.apart else images_needed(self.found, risk=RISK / self.pairs)

    @property
    def sentence(self) -> str:
        """Whether they are told apart, and if not, what would tell them apart."""
        interval, gap = self.found.interval, 100 * self.found.difference
        within = ""
        if not np.isnan(interval.low):
            within = f" ({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
        said = f"{gap:+.1f} points of accuracy{within}, p = {self.p_holm:.2g}"
        if self.apart:
            better, worse = self.first, self.second
            if gap < 0:
                better, worse = worse, better
            return f"{better} is more accurate than {worse}: {said}."
        said = f"{self.first} and {self.second} are not told apart: {said}."
        if self.images_needed is None:
            return f"{said} They have the same number of samples right."
        return (
            f"{said} If they differ as they seem to, about {self.images_needed:,} images in all "
            f"would tell them apart; there are {self.found.samples:,}."
        )

    def row(self) -> dict[str, object]:
        """The same as a row of `Versus.table`."""
        return {
            "first": self.first,
            "second": self.second,
            "figure": ACCURACY,
            "difference": self.found.difference,
            "low": self.found.interval.low,
            "high": self.found.interval.high,
            "method": self.found.interval.method,
            "first_only": self.found.first_only,
            "second_only": self.found.second_only,
            "samples": self.found.samples,
            "test": self.found.test,
            "p_value": self.found.p_value,
            "p_holm": self.p_holm,
            "apart": self.apart,
            "images_needed": self.images_needed,
        }


@dataclass(frozen=True, kw_only=True)
class Versus:
    """Every pair of some models.

    Attributes:
        pairs: What is said of their accuracy.
        others: Differences of other figures; the first columns of `table`.
        right: Samples that each model has right.
    """

    pairs: tuple[Pair, ...]
    others: pd.DataFrame
    right: Mapping[str, int]

    @property
    def table(self) -> pd.DataFrame:
        """One row a pair and figure.

        Columns `first`, `second`, `figure`, `difference` (first less second), `low`, `high`,
        `method`; and for accuracy `first_only` and `second_only` (samples that one alone has
        right), `samples`, `test`, `p_value`, `p_holm` (adjusted for all pairs), `apart` and
        `images_needed`.
        """
        rows = [pair.row() for pair in self.pairs]
        return pd.DataFrame([*rows, *self.others.to_dict("records")])

    @property
    def best(self) -> str:
        """Which model is best, if one is told apart from all others; else which are not."""
        leader = max(self.right, key=lambda name: self.right[name])
        if sum(right == self.right[leader] for right in self.right.values()) > 1:
            return "No model is best: several have the same number of samples right."
        rivals = [
            pair.second if pair.first == leader else pair.first
            for pair in self.pairs
            if leader in (pair.first, pair.second) and not pair.apart
        ]
        if not rivals:
            return f"{leader} is best: it is told apart from every other model."
        return (
            f"No model is best: {leader} has the most samples right, but is not told apart from "
            f"{', '.join(rivals)}."
        )


def versus(
    tables: Mapping[str, pd.DataFrame],
    metrics: Sequence[Metric] = (),
    *,
    units: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Versus:
    """Compare every pair of models on the samples that all of them were judged on.

    Args:
        tables: Predictions of two or more models for the same labelled samples, by model.
        metrics: What is compared besides accuracy: figures over all classes, whose differences get
            intervals from resampled units, the same for all models.
        units: Unit of each labelled row of the first table, in its order; by its column `group`
            where it is not given.
        resamples: How often units are drawn anew.
        seed: Decides every draw.

    Raises:
        DataError: Fewer than two models, or models that were judged on different samples.
    """
    aligned = _aligned(tables)
    unit = Judged.of(next(iter(aligned.values())), units).units
    judged = {name: Judged.of(table, unit) for name, table in aligned.items()}
    right = {name: one.y_true == one.y_prob.argmax(axis=1) for name, one in judged.items()}
    names = [*combinations(aligned, 2)]
    found = [paired(right[one], right[other], unit) for one, other in names]
    pairs = [
        Pair(first=first, second=second, found=one, p_holm=one.p_value, pairs=len(names))
        for (first, second), one in zip(names, found, strict=True)
    ]
    others = [metric for metric in metrics if metric.name != ACCURACY]
    return Versus(
        pairs=tuple(adjusted(pairs)),
        others=_redrawn(names, judged, others, resamples=resamples, seed=seed),
        right={name: int(hits.sum()) for name, hits in right.items()},
    )


def adjusted(pairs: Sequence[Pair]) -> list[Pair]:
    """Return pairs with p-values that are adjusted for all of them together (Holm, 1979)."""
    p_values = holm([pair.found.p_value for pair in pairs]).tolist()
    return [
        replace(pair, p_holm=p_value, pairs=len(pairs))
        for pair, p_value in zip(pairs, p_values, strict=True)
    ]


def architectures(trainings: pd.DataFrame) -> pd.DataFrame:
    """Compare architectures over trainings that differ in the seed alone.

    A trained model is one draw of its architecture; what is said of an architecture must hold for
    the next draw. So the differences within each seed are what is averaged (Student's t). Where
    each seed divides the images anew, the trainings share images, and the differences vary less
    than those of independent ones: their variance is corrected by the share of test to training
    images (Nadeau and Bengio, 2003).

    Args:
        trainings: One row a training: `architecture`, `seed`, `accuracy`, and `overlap`, the number
            of test images over that of training images where the division differs between seeds,
            0 where it is the same.

    Returns:
        One row a pair of architectures that share three seeds or more: `first`, `second`, `seeds`,
        `difference` (mean), `low`, `high`, `p_value`, `p_holm`, `apart`. Where the differences do
        not vary, nothing can be said: `low` and `high` are missing, and the p-values 1.
    """
    by_seed = trainings.pivot_table(index="seed", columns="architecture", values="accuracy")
    overlap = float(trainings["overlap"].mean()) if len(trainings) else 0.0
    rows = []
    for first, second in combinations(map(str, by_seed.columns), 2):
        gaps = (by_seed[first] - by_seed[second]).dropna()
        seeds = len(gaps)
        if seeds < FEWEST_SEEDS:
            continue
        error = float(gaps.std()) * np.sqrt(1 / seeds + overlap)
        low, high, p_value = np.nan, np.nan, 1.0
        if error > ROUNDING:
            law = scipy.stats.t(seeds - 1)
            reach = float(law.ppf((1 + LEVEL) / 2)) * error
            low, high = gaps.mean() - reach, gaps.mean() + reach
            p_value = float(2 * law.sf(abs(gaps.mean()) / error))
        rows.append(
            {
                "first": first,
                "second": second,
                "seeds": seeds,
                "difference": float(gaps.mean()),
                "low": float(low),
                "high": float(high),
                "p_value": p_value,
            }
        )
    columns = ["first", "second", "seeds", "difference", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    p_holm = holm(table["p_value"].tolist())
    return table.assign(p_holm=p_holm, apart=p_holm < RISK)


def _aligned(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The labelled rows of each table, in the order of the first's."""
    if len(tables) < 2:
        raise DataError(f"there must be two models to compare. Received: {', '.join(tables)}")
    names = [*tables]
    base = labelled(tables[names[0]]).reset_index(drop=True)
    if not len(base):
        raise DataError(f"{names[0]} must have labelled samples to be compared by")
    aligned = {names[0]: base}
    for name in names[1:]:
        other = labelled(tables[name]).set_index("sample_id", drop=False)
        if set(other.index) != set(base["sample_id"]):
            shared = len(set(other.index) & set(base["sample_id"]))
            raise DataError(
                f"{names[0]} and {name} must be judged on the same samples: of {len(base):,} and "
                f"{len(other):,} they share {shared:,}"
            )
        ordered = other.loc[base["sample_id"]].reset_index(drop=True)
        if set(classes_of(ordered)) != set(classes_of(base)) or list(ordered["label"]) != list(
            base["label"]
        ):
            raise DataError(f"{names[0]} and {name} must have the same classes and labels")
        aligned[name] = ordered
    return aligned


def _redrawn(
    pairs: Sequence[tuple[str, str]],
    judged: Mapping[str, Judged],
    metrics: Sequence[Metric],
    *,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Differences of figures over all classes, on the same resamples of units for all models."""
    if not metrics:
        return pd.DataFrame()
    draws = {
        name: one.redrawn(metrics, resamples=resamples, seed=seed) for name, one in judged.items()
    }
    values = {
        name: {
            (metric.name, of): value
            for metric in metrics
            for of, value in one.figures(metric).items()
            if of in (SINGLE, MACRO)
        }
        for name, one in judged.items()
    }
    units = min(one.telling for one in next(iter(judged.values())).support().values())
    rows: list[dict[str, object]] = []
    for first, second in pairs:
        for key, value in values[first].items():
            difference = value - values[second][key]
            error = standard_error(draws[first][key] - draws[second][key], units)
            told = error > ROUNDING and bool(np.isfinite(difference))
            reach = float(scipy.stats.t.ppf((1 + LEVEL) / 2, units - 1)) * error if told else np.nan
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "figure": f"{key[0]}_{MACRO}" if key[1] == MACRO else key[0],
                    "difference": difference,
                    "low": difference - reach,
                    "high": difference + reach,
                    "method": "bootstrap over units" if told else _why_not(units),
                }
            )
    return pd.DataFrame(rows)


def _why_not(units: int) -> str:
    few = units < FEWEST_UNITS
    why = counted(units, "unit") if few else "does not vary on resamples"
    return Interval.missing(why).method
