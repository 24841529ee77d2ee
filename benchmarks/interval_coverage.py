"""How often intervals hold the true value, by simulation.

    python benchmarks/interval_coverage.py [DRAWS [RESAMPLES]]

Draws that many test parts (2,000) from a population whose figures are known, computes each interval
on each, and prints the share of intervals that hold the true value: of nominal 95 % intervals,
95 % should. Figures that are no shares use RESAMPLES (500) resamples. With 2,000 draws, a share of
95 % is known to within 1 point.

The population has three classes (60, 30 and 10 %) and a classifier whose logits are normal around
the truth. Where samples belong together, they lie in units of one to nine whose logits share a
shift, so that errors come together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.pairs import paired
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.proportions import FEWEST_UNITS, Interval, share
from cellclf.pipeline.metrics import core_metrics

CLASSES = ("common", "less", "rare")
PREVALENCE = (0.6, 0.3, 0.1)
MANY = 4_000_000
"""Samples that the true values are computed from."""

SHOWN = (
    ("balanced_accuracy", ""),
    ("f1", "rare"),
    ("f1", "macro"),
    ("roc_auc", "rare"),
    ("roc_auc", "macro"),
)


@dataclass(frozen=True, kw_only=True)
class Population:
    """Test parts of one kind.

    Attributes:
        signal: How far the logit of the true class lies above the others, in standard deviations.
        samples: Of a test part.
        shift: Standard deviation of what the logits of a unit share; 0: every sample is one.
    """

    signal: float
    samples: int
    shift: float = 0.0

    def drawn(self, rng: np.random.Generator, samples: int = 0) -> tuple[NDArray[np.intp], ...]:
        """Labels `(n,)`, logits `(n, 3)` and units `(n,)`."""
        number = samples or self.samples
        true = rng.choice(3, size=number, p=PREVALENCE)
        logits = rng.normal(size=(number, 3))
        logits[np.arange(number), true] += self.signal
        units = np.arange(number)
        if self.shift:
            sizes = rng.integers(1, 10, number)
            units = np.repeat(np.arange(number), sizes)[:number]
            logits += self.shift * rng.normal(size=(number, 3))[units]
        return true, logits, units

    def __str__(self) -> str:
        units = f", units, shift {self.shift:g}" if self.shift else ""
        return f"{self.samples} samples, signal {self.signal:g}{units}"


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def figures(population: Population, draws: int, resamples: int) -> Iterator[str]:
    """Lines about figures that are resampled, as `estimates` gives them."""
    metrics = [metric for metric in core_metrics() if metric.name in {name for name, _ in SHOWN}]
    true, logits, _ = population.drawn(np.random.default_rng(0), MANY)
    prob = probabilities(logits)
    truth = {
        (metric.name, of): value
        for metric in metrics
        for of, value in metric.figures(true, prob, CLASSES).items()
    }
    found: dict[tuple[str, str], list[Interval]] = {key: [] for key in SHOWN}
    for seed in range(draws):
        true, logits, units = population.drawn(np.random.default_rng([seed, 1]))
        table = predictions_table(
            sample_ids=[str(number) for number in range(len(true))],
            labels=[CLASSES[number] for number in true],
            probabilities=probabilities(logits),
            classes=CLASSES,
        )
        estimated = estimates(table, metrics, units=units, resamples=resamples, seed=seed)
        for row in estimated.to_dict("records"):
            key = row["metric"], row["of"]
            if key in found:
                one = Interval(low=row["low"], high=row["high"], method=row["method"])
                found[key].append(one)
    for (name, of), intervals in found.items():
        yield line(f"{name} {of}".strip(), population, intervals, truth[name, of])


def accuracy(population: Population, draws: int) -> str:
    """A line about a share of samples."""
    true, logits, _ = population.drawn(np.random.default_rng(0), MANY)
    truth = float((logits.argmax(axis=1) == true).mean())
    found = []
    for seed in range(draws):
        true, logits, units = population.drawn(np.random.default_rng([seed, 1]))
        found.append(share(logits.argmax(axis=1) == true, units))
    return line("accuracy", population, found, truth)


def difference(population: Population, draws: int) -> str:
    """A line about the difference of two models, of which one sees more noise."""

    def right(seed: int | list[int], samples: int = 0) -> tuple[NDArray[np.bool_], ...]:
        rng = np.random.default_rng(seed)
        true, logits, units = population.drawn(rng, samples)
        worse = logits + 0.5 * rng.normal(size=logits.shape)
        return logits.argmax(axis=1) == true, worse.argmax(axis=1) == true, units

    one, other, _ = right(0, MANY)
    truth = float(one.mean() - other.mean())
    found = [paired(*right([seed, 1])).interval for seed in range(draws)]
    return line("difference of accuracy", population, found, truth)


def line(what: str, population: Population, found: list[Interval], truth: float) -> str:
    told = [one for one in found if not np.isnan(one.low)]
    held = np.mean([one.low <= truth <= one.high for one in told]) if told else np.nan
    missing = len(found) - len(told)
    return (
        f"{what:24} {population!s:44} true {truth:.3f}  held {held:6.1%}"
        f"{f'  (no interval: {missing / len(found):.1%})' if missing else ''}"
    )


def main(draws: int = 2000, resamples: int = 500) -> None:
    alone = [
        Population(signal=signal, samples=samples)
        for signal in (1.5, 3.0)
        for samples in (100, 300, 1000)
    ]
    together = [
        Population(signal=signal, samples=samples, shift=shift)
        for signal in (1.5, 3.0)
        for samples in (100, 300, 1000)
        for shift in (0.5, 1.5)
    ]
    work: list[Callable[[], str | list[str]]] = [
        *(lambda p=p: accuracy(p, draws) for p in (*alone, *together)),
        *(lambda p=p: difference(p, draws) for p in (*alone, *together)),
        *(lambda p=p: [*figures(p, draws, resamples)] for p in (*alone, *together)),
    ]
    print(f"{draws} draws, {resamples} resamples; none below {FEWEST_UNITS} units", flush=True)
    done = Parallel(n_jobs=-1, return_as="generator")(delayed(job)() for job in work)
    for lines in done:
        print(lines if isinstance(lines, str) else "\n".join(lines), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
