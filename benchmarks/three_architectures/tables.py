"""The tables of the page, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from math import isnan
from statistics import mean, median, stdev

from benchmarks.three_architectures.kept import BUDGETS, FIGURES, Kept, Training
from benchmarks.three_architectures.runs import EPOCHS
from cellclf.evaluation.versus import Versus, adjusted, versus
from cellclf.pipeline.metrics import core_metrics

__all__ = ["accuracies", "costs", "differences"]

DASH = "–"


def budget_named(kept: Kept, budget: str) -> str:
    """What is the same for all that are trained with a budget."""
    if budget == EPOCHS:
        return f"at most {kept.experiment['training']['epochs']} epochs"
    return f"{kept.asked['seconds']:g} s"


def accuracies(kept: Kept) -> str:
    """For each budget, every training with its headline figures, and means over seeds."""
    parts = []
    for budget in BUDGETS:
        rows = []
        for same in _by_architecture(kept.of(budget)):
            rows += map(_training_row, same)
            if len(same) > 1:
                rows.append([same[0].architecture, *_mean_row(same)])
        if rows:
            head = ["network", "seed", *FIGURES.values(), "epochs, best", "training"]
            parts += [_heading(kept, budget), _markdown(head, rows)]
    return "\n\n".join(parts)


def differences(kept: Kept) -> str:
    """For each budget, every pair of architectures, by the trainings with the lowest seed of each.

    P-values are adjusted for the pairs of both budgets together (Holm, 1979).
    """
    found = {budget: one for budget in BUDGETS if (one := _versus(kept, budget)) is not None}
    together = iter(adjusted([pair for one in found.values() for pair in one.pairs]))
    others = [name for name in FIGURES if name != "accuracy"]
    head = ["first, second", "accuracy", "right alone", "p", "told apart"]
    parts = []
    for budget, one in found.items():
        told = replace(one, pairs=tuple(islice(together, len(one.pairs))))
        table = _markdown([*head, *(FIGURES[name] for name in others)], list(_pairs(told)))
        parts += [_heading(kept, budget), table, f"{one.best[0].upper()}{one.best[1:]}"]
    return "\n\n".join(parts)


def costs(kept: Kept) -> str:
    """What each architecture costs: the middle of all its trainings."""
    rows = []
    for same in _by_architecture(kept.trainings):
        engines = sorted({one.speeds["engine"] for one in same})
        cards = [one.speeds["card"] for one in same if "card" in one.speeds]
        rows.append(
            [
                same[0].architecture,
                f"{same[0].facts['parameters']:,}",
                f"{median(one.rate for one in same):,.0f}",
                f"{median(one.speeds['keras'] for one in same):,.0f}",
                f"{median(one.speeds['fastest'] for one in same):,.0f} ({', '.join(engines)})",
                f"{median(cards):,.0f}" if cards else DASH,
            ]
        )
    head = [
        "network",
        "parameters",
        "training",
        "prediction, Keras",
        "prediction, fastest engine",
        "prediction, Keras on a graphics card",
    ]
    return _markdown(head, rows)


def _heading(kept: Kept, budget: str) -> str:
    named = budget_named(kept, budget)
    return f"**{named[0].upper()}{named[1:]}**"


def _training_row(one: Training) -> list[str]:
    facts = one.facts
    return [
        one.architecture,
        f"{one.run.seed}",
        *(_share(*one.figures[name]) for name in FIGURES),
        f"{facts['epochs']}, {facts['best_epoch']}",
        f"{facts['training_seconds']:,.0f} s",
    ]


def _by_architecture(trainings: Sequence[Training]) -> Iterator[list[Training]]:
    for architecture in dict.fromkeys(one.run.architecture for one in trainings):
        yield [one for one in trainings if one.run.architecture == architecture]


def _mean_row(same: Sequence[Training]) -> list[str]:
    """Mean and standard deviation over seeds."""
    cells = [f"mean of {len(same)} ± SD"]
    for name in FIGURES:
        values = [100 * one.figures[name][0] for one in same]
        cells.append(_whole(f"{mean(values):.1f} ± {stdev(values):.1f} %"))
    return [*cells, "", ""]


def _versus(kept: Kept, budget: str) -> Versus | None:
    firsts = [same[0] for same in _by_architecture(kept.of(budget))]
    if len(firsts) < 2:
        return None
    metrics = [metric for metric in core_metrics() if metric.name in ("balanced_accuracy", "f1")]
    tables = {one.architecture: kept.table(one) for one in firsts}
    return versus(tables, metrics, units=kept.answers["unit"].to_numpy())


def _pairs(found: Versus) -> Iterator[list[str]]:
    others: Mapping[tuple[str, str, str], tuple[float, float, float]] = {
        (row["first"], row["second"], row["figure"]): (row["difference"], row["low"], row["high"])
        for row in found.others.to_dict("records")
    }
    for pair in found.pairs:
        one, interval = pair.found, pair.found.interval
        yield [
            f"{pair.first}, {pair.second}",
            _points(one.difference, interval.low, interval.high),
            f"{one.first_only:,}, {one.second_only:,}",
            _p_value(pair.p_holm),
            "yes" if pair.apart else "no",
            *(
                _points(*others[pair.first, pair.second, name])
                for name in FIGURES
                if name != "accuracy"
            ),
        ]


def _share(value: float, low: float, high: float) -> str:
    within = "" if _unknown(low) else " " + _whole(f"({100 * low:.1f} to {100 * high:.1f})")
    return _whole(f"{100 * value:.1f} %") + within


def _points(value: float, low: float, high: float) -> str:
    within = "" if _unknown(low) else " " + _whole(f"({100 * low:+.1f} to {100 * high:+.1f})")
    return f"{100 * value:+.1f}{within}"


def _whole(text: str) -> str:
    """Return a text that no line break divides."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _unknown(limit: float | None) -> bool:
    return limit is None or isnan(limit)


def _p_value(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
