"""The plots of the page: test figures with intervals, and how the networks learnt."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.three_architectures.kept import BUDGETS, FIGURES, NAMES, Kept, Training
from benchmarks.three_architectures.runs import EPOCHS, SECONDS
from benchmarks.three_architectures.tables import budget_named
from cellclf.reporting.style import INK, MUTED, RIGHT, WRONG, house_style

__all__ = ["curves", "figures"]

COLOURS = dict(zip(NAMES.values(), (RIGHT, WRONG, INK), strict=True))
WIDTH = 8.4

OVER = {EPOCHS: ("epoch", "epoch"), SECONDS: ("elapsed", "seconds of training")}
"""Column of the history that a curve is drawn over, and what it is called, by budget."""


def figures(kept: Kept) -> Figure:
    """Draw the headline figures of every training with their intervals, a row a training."""
    budgets = [budget for budget in BUDGETS if kept.of(budget)]
    lengths = [len(kept.of(budget)) for budget in budgets]
    with house_style():
        figure = Figure(figsize=(WIDTH, 1.1 + 0.3 * sum(lengths) + 0.5 * len(budgets)))
        figure.set_layout_engine("constrained")
        grid = figure.subplots(
            len(budgets), len(FIGURES), sharex="col", squeeze=False, height_ratios=lengths
        )
        for budget, row in zip(budgets, grid, strict=True):
            for (name, title), axes in zip(FIGURES.items(), row, strict=True):
                _draw_figures(axes, kept.of(budget), name)
                axes.set_title(title[0].upper() + title[1:] if axes in grid[0] else "")
                axes.tick_params(labelleft=axes is row[0])
            row[0].set_ylabel(budget_named(kept, budget))
        _caption(figure, kept)
        return figure


def _draw_figures(axes: Axes, trainings: list[Training], name: str) -> None:
    for place, one in enumerate(trainings):
        value, low, high = one.figures[name]
        colour = COLOURS[one.architecture]
        if low is not None:
            axes.plot([low, high], [place, place], color=colour, linewidth=1.4)
        axes.plot([value], [place], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(trainings)), [_named(one) for one in trainings])
    axes.set_ylim(len(trainings) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))


def curves(kept: Kept) -> Figure:
    """Draw the validation accuracy of every training, over its epochs or the seconds it took."""
    budgets = [budget for budget in BUDGETS if kept.of(budget)]
    with house_style():
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        grid = figure.subplots(1, len(budgets), sharey=True, squeeze=False)[0]
        for budget, axes in zip(budgets, grid, strict=True):
            over, label = OVER[budget]
            for one in kept.of(budget):
                _draw_curve(axes, one, over)
            axes.set(title=budget_named(kept, budget).capitalize(), xlabel=label, ylabel="")
            axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
        grid[0].set_ylabel("validation accuracy")
        handles = [
            axes.plot([], [], color=COLOURS[name], label=name)[0]
            for name in dict.fromkeys(one.architecture for one in kept.trainings)
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
        _caption(figure, kept)
        return figure


def _draw_curve(axes: Axes, one: Training, over: str) -> None:
    sns.lineplot(
        x=one.history[over],
        y=one.history["validation_accuracy"],
        ax=axes,
        color=COLOURS[one.architecture],
        linewidth=1.2,
        # One epoch is a point, and a line through one point cannot be seen.
        marker="o" if len(one.history) == 1 else None,
        errorbar=None,
        legend=False,
    )


def _named(one: Training) -> str:
    return f"{one.architecture}, seed {one.run.seed}"


def _caption(figure: Figure, kept: Kept) -> None:
    figure.supxlabel(kept.caption, fontsize=8, color=MUTED, x=0.01, ha="left")
