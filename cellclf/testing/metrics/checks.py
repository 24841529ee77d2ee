"""Checks of what a metric promises, whatever it measures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import DataError
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.metric import SINGLE
from cellclf.specs import MetricSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.metrics.answers import CLASSES, SAMPLES, SEEDS, Answers, answers, perfect
from cellclf.testing.metrics.figures import differing, figures, metric, weighted
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "batched_weights_agree",
    "better_predictions_score_better",
    "figures_come_out",
    "limits_hold",
    "missing_classes_are_survived",
    "order_of_classes_does_not_matter",
    "order_of_samples_does_not_matter",
    "predictions_are_not_changed",
    "top_class_is_enough",
    "trials_give_the_figures",
    "weights_repeat_samples",
]

RESAMPLES = 5

MOST_OFTEN = 3


def figures_come_out(trial: Trial) -> str:
    """A float, or floats by class name and `macro`, with probabilities of any kind."""
    found = figures(trial, answers())
    allowed = {SINGLE, MACRO, *CLASSES}
    require(
        bool(found) and set(found) <= allowed,
        f"{trial.subject} must give a float, or floats by class name and {MACRO!r}. "
        f"Received: {sorted(found)}",
    )
    wrong = [of for of, one in found.items() if not np.isfinite(one)]
    require(
        not wrong,
        f"{trial.subject} must give finite figures where every class has samples. "
        f"Received: {[found[of] for of in wrong]} for {wrong}",
    )
    return ", ".join(f"{of or 'figure'} {one:.3g}" for of, one in found.items())


def predictions_are_not_changed(trial: Trial) -> None:
    """Other metrics are given the same arrays."""
    given = answers()
    truth, said, weights = given.truth.copy(), given.said.copy(), np.ones(SAMPLES)
    for one in (None, weights):
        trial.of(metric).compute(truth, said, classes=CLASSES, sample_weight=one)
    require(
        np.array_equal(truth, given.truth)
        and np.array_equal(said, given.said)
        and bool((weights == 1).all()),
        f"{trial.subject} must leave the arrays that it is given as they are: copy them first",
    )


def weights_repeat_samples(trial: Trial) -> None:
    """A sample of weight 2 counts as two samples: resamples, and so intervals, depend on it."""
    for seed in SEEDS:
        given = answers(seed)
        times = np.random.default_rng(seed).integers(0, MOST_OFTEN + 1, SAMPLES)
        times[: len(CLASSES)] = 1
        repeated = figures(trial, given.at(np.repeat(np.arange(SAMPLES), times)))
        wrong = differing(repeated, weighted(trial, given, times.astype(np.float64)))
        require(
            not wrong,
            f"{trial.subject} must count a sample of weight 2 as two, and one of weight 0 not at "
            f"all. Received: {wrong}",
        )
    plain, ones = figures(trial, answers()), weighted(trial, answers(), np.ones(SAMPLES))
    require(
        not differing(plain, ones),
        f"{trial.subject} must give the same without weights as with weights of 1. "
        f"Received: {differing(plain, ones)}",
    )


def batched_weights_agree(trial: Trial) -> None:
    """Many weightings at once give what each gives by itself."""
    assert isinstance(trial.spec, MetricSpec)
    if not trial.spec.batched:
        raise InapplicableError(f"{trial.subject} is not `batched`")
    given = answers()
    times = np.random.default_rng(1).integers(0, MOST_OFTEN + 1, (RESAMPLES, SAMPLES))
    weights = times.astype(np.float64)
    together = trial.of(metric).resampled(given.truth, given.said, CLASSES, weights)
    for row, weight in enumerate(weights):
        one = {of: float(values[row]) for of, values in together.items()}
        wrong = differing(one, weighted(trial, given, weight))
        require(
            not wrong,
            f"{trial.subject} is `batched` and must give for each row of weights what it gives "
            f"for that row alone. Received: {wrong}",
        )


def order_of_samples_does_not_matter(trial: Trial) -> None:
    """Samples have no order."""
    given = answers()
    turned = given.at(np.random.default_rng(2).permutation(SAMPLES))
    wrong = differing(figures(trial, given), figures(trial, turned))
    require(
        not wrong,
        f"{trial.subject} must not depend on the order of the samples. Received: {wrong}",
    )


def order_of_classes_does_not_matter(trial: Trial) -> None:
    """Classes have no order: the figure of each goes with its name."""
    for given, order in product(map(answers, SEEDS), _orders()):
        place = np.argsort(order)
        turned = Answers(
            truth=place[given.truth],
            said=given.said[:, order],
            classes=tuple(CLASSES[number] for number in order),
        )
        wrong = differing(figures(trial, given), figures(trial, turned))
        require(
            not wrong,
            f"{trial.subject} must give the same figure of each class in whatever order the "
            f"classes are. Received: {wrong}",
        )


def _orders() -> Iterator[NDArray[np.intp]]:
    yield np.arange(len(CLASSES))[::-1]
    yield np.roll(np.arange(len(CLASSES)), 2)


def limits_hold(trial: Trial) -> None:
    """Figures of good and bad answers are within what is declared."""
    assert isinstance(trial.spec, MetricSpec)
    low, high = trial.spec.limits
    kinds = [perfect(), perfect(shifted=1), *(answers(seed, skill=2.0 - seed) for seed in SEEDS)]
    for given in kinds:
        for of, figure in figures(trial, given).items():
            require(
                (low is None or not figure < low) and (high is None or not figure > high),
                f"{trial.subject} must give figures within its `limits`, {trial.spec.limits}. "
                f"Received: {figure:g}{f' for {of!r}' if of else ''}",
            )


def better_predictions_score_better(trial: Trial) -> str:
    """Sure and right is better than sure and wrong, in the direction that is declared."""
    assert isinstance(trial.spec, MetricSpec)
    best, worst = figures(trial, perfect()), figures(trial, perfect(shifted=1))
    up = 1 if trial.spec.higher_is_better else -1
    steps = [up * (best[of] - worst[of]) for of in best if of in worst]
    known = [step for step in steps if np.isfinite(step)]
    word = "higher" if up == 1 else "lower"
    require(
        bool(known) and min(known) >= 0 and max(known) > 0,
        f"{trial.subject} must give a {word} figure for right answers than for wrong ones, or say "
        f"`higher_is_better={up != 1}`. Received: {best} and {worst}",
    )
    return f"{word} is better"


def missing_classes_are_survived(trial: Trial) -> None:
    """Small sets lack classes: a figure that they cannot give is NaN, or is refused in words."""
    given = answers()
    without = given.at(np.flatnonzero(given.truth != 1))
    alone = given.at(np.flatnonzero(given.truth == 0))
    for what, few in (
        ("a class without samples", without),
        ("samples of one class", alone),
        ("one sample", given.at(np.arange(1))),
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = figures(trial, few)
        except DataError:
            continue
        except Exception as error:
            raise AssertionError(
                f"{trial.subject} must give NaN, or raise a cellclf.DataError, for {what} where "
                f"there is no figure. Received: {type(error).__name__}: {error}"
            ) from error
        endless = [of for of, one in found.items() if np.isinf(one)]
        require(not endless, f"{trial.subject} must give NaN for {what}, not infinity: {endless}")


def trials_give_the_figures(trial: Trial) -> None:
    """Hits among counted are the figure; what is left out is the mean of what is named."""
    assert isinstance(trial.spec, MetricSpec)
    if trial.spec.trials is None:
        raise InapplicableError(f"{trial.subject} has no `trials`")
    for seed in SEEDS:
        given = answers(seed)
        counted = trial.of(metric).counted(given.truth, given.said, CLASSES)
        shares = {of: _share(hits, among) for of, (hits, among) in counted.items()}
        found = figures(trial, given)
        mean = float(np.nanmean(list(shares.values())))
        expected = {of: shares.get(of, mean) for of in {*found, *shares}}
        if SINGLE in found and SINGLE not in shares:
            expected = {SINGLE: mean}
        wrong = differing(expected, found)
        require(
            not wrong,
            f"`trials` of {trial.subject} must give the figures of `compute`: hits among counted, "
            f"and for a figure that is left out the mean of the others. Received: {wrong}",
        )


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float((hits & among).sum() / among.sum()) if among.any() else float("nan")


def top_class_is_enough(trial: Trial) -> None:
    """With `by_top_class`, the probabilities count by the class that comes first alone."""
    assert isinstance(trial.spec, MetricSpec)
    if not trial.spec.by_top_class:
        raise InapplicableError(f"{trial.subject} is not `by_top_class`")
    given = answers()
    sure = np.eye(len(CLASSES), dtype=np.float32)[given.said.argmax(axis=1)]
    wrong = differing(figures(trial, given), figures(trial, Answers(truth=given.truth, said=sure)))
    require(
        not wrong,
        f"{trial.subject} says `by_top_class` and must not depend on the other probabilities. "
        f"Received: {wrong}",
    )
