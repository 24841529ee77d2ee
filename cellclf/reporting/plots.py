"""Charts of a run: learning curves, confusion matrices, class balance.

Every function takes tables or arrays and returns a `matplotlib.figure.Figure` that belongs to
nobody: no pyplot state is made and no global setting is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from cellclf.reporting.style import (
    INK,
    MUTED,
    PALE,
    PAPER,
    RIGHT,
    RIGHT_SHADES,
    WRONG,
    WRONG_SHADES,
    house_style,
    legible,
    shortened,
    wrapped,
)

__all__ = ["class_balance", "confusion_matrix", "learning_curves"]

FULL_WIDTH = 9.8
"""Width in inches of a figure that fills the report's column."""

PART_COLOURS = {
    "train": RIGHT,
    "validation": "#7fb0d3",
    "calibration": PALE,
    "test": WRONG,
}


def learning_curves(history: pd.DataFrame, *, best_epoch: int) -> Figure:
    """Draw loss, accuracy and learning rate over the epochs.

    Args:
        history: One row an epoch, columns `epoch`, `loss`, `accuracy`, `validation_loss`,
            `validation_accuracy` and `learning_rate`.
        best_epoch: The epoch whose weights were kept, as in the column `epoch`; it is marked.
    """
    with house_style():
        figure = Figure(figsize=(FULL_WIDTH, 3.1), layout="constrained")
        loss, accuracy, rate = figure.subplots(1, 3, width_ratios=(4, 4, 2.4))
        for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
            _draw_curve(axes, history, name, colour=MUTED, label="training", dashed=True)
            _draw_curve(axes, history, f"validation_{name}", colour=RIGHT, label="validation")
            axes.set_title(name.capitalize())
            axes.axvline(best_epoch, color=WRONG, linewidth=1, zorder=1)
            _mark_best(axes, history, f"validation_{name}", best_epoch)
        _draw_curve(rate, history, "learning_rate", colour=MUTED)
        rate.set_title("Learning rate")
        rate.set_ylim(bottom=0)
        rate.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        accuracy.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
        handles, labels = loss.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=len(labels))
        return figure


def _draw_curve(
    axes: Axes,
    history: pd.DataFrame,
    column: str,
    *,
    colour: str,
    label: str | None = None,
    dashed: bool = False,
) -> None:
    """Draw one column of a history over its epochs."""
    # One epoch is a point, and a line through one point cannot be seen.
    marker = "o" if len(history) == 1 else None
    sns.lineplot(
        x=history["epoch"],
        y=history[column],
        ax=axes,
        color=colour,
        label=label,
        linestyle=(0, (4, 1.5)) if dashed else "-",
        marker=marker,
        errorbar=None,
        legend=False,
    )
    axes.set(xlabel="epoch", ylabel="")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def _mark_best(axes: Axes, history: pd.DataFrame, column: str, best_epoch: int) -> None:
    """Put a dot where the kept weights were reached."""
    best = history.loc[history["epoch"] == best_epoch, column]
    axes.plot(
        [best_epoch] * len(best),
        best,
        "o",
        color=WRONG,
        markersize=5.5,
        markeredgecolor=PAPER,
        label=f"weights kept: epoch {best_epoch}",
    )


def confusion_matrix(counts: ArrayLike, classes: Sequence[str], *, normalise: bool) -> Figure:
    """Draw how each true class was classified; blue is right, orange is wrong.

    In both forms the darkness of a cell is its share of the true class, so that a rare class is
    judged as strictly as a common one.

    Args:
        counts: `(classes, classes)`, how many of each true class (row) were predicted as each
            (column).
        classes: Class names in the order of rows and columns.
        normalise: Write shares of the row in percent in place of counts.

    Raises:
        ValueError: `counts` is not square, or there is not one name a row.
    """
    table = np.asarray(counts)
    size = len(classes)
    if table.shape != (size, size):
        raise ValueError(
            f"`counts` must have the shape (classes, classes). Received: counts.shape="
            f"{table.shape}, {size} classes"
        )
    totals = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, totals, out=np.zeros(table.shape), where=totals > 0)
    written = _share_texts(shares, totals) if normalise else np.vectorize(str)(table)
    diagonal = np.eye(size, dtype=bool)
    cell = float(np.interp(size, (2, 8, 20), (0.85, 0.44, 0.4)))
    with house_style():
        figure = Figure(figsize=(cell * size + 1.5, cell * size + 1.3), layout="constrained")
        axes = figure.subplots()
        for shades, hidden, darkest in (
            (RIGHT_SHADES, ~diagonal, 1.0),
            # Mistakes are rare: a quarter of a class gone wrong is as dark as it gets.
            (WRONG_SHADES, diagonal, 0.25),
        ):
            sns.heatmap(
                shares,
                mask=hidden,
                annot=written,
                fmt="",
                cmap=shades,
                vmin=0,
                vmax=darkest,
                cbar=False,
                square=True,
                linewidths=1.5,
                linecolor=PAPER,
                xticklabels=False,
                yticklabels=False,
                annot_kws={"fontsize": _annotation_size(size)},
                ax=axes,
            )
        for text in axes.texts:
            if text.get_text() in ("0", "–"):
                text.set_color(PALE)
        _name_rows_and_columns(axes, classes, totals[:, 0])
        axes.set_title("Share of each true class, %" if normalise else "Number of cells")
        return figure


def _annotation_size(classes: int) -> float:
    """Font size in points that fits a cell of a confusion matrix."""
    return float(np.interp(classes, (2, 8, 20), (13, 9.5, 8)))


def _share_texts(shares: NDArray[np.float64], totals: NDArray[np.int_]) -> NDArray[np.str_]:
    """Write shares as whole percent, without calling nearly all "100" or nearly none "0"."""

    def text(share: float, total: int) -> str:
        if total == 0:
            return "–"
        percent = round(100 * share)
        if percent == 100 and share < 1:
            return ">99"
        if percent == 0 and share > 0:
            return "<1"
        return str(percent)

    written: NDArray[np.str_] = np.vectorize(text, otypes=[str])(shares, totals)
    return written


def _name_rows_and_columns(axes: Axes, classes: Sequence[str], totals: NDArray[np.int_]) -> None:
    """Write the classes beside the rows, with how many cells each has, and below the columns."""
    middles = np.arange(len(classes)) + 0.5
    rows = [f"{shortened(name, 22)} ({n})" for name, n in zip(classes, totals, strict=True)]
    axes.set_yticks(middles, rows)
    axes.set_xticks(middles, [shortened(name, 22) for name in classes])
    axes.tick_params(length=0, labelcolor=INK)
    for label in axes.get_xticklabels():
        label.set(rotation=40, ha="right", va="top", rotation_mode="anchor")
    axes.set_ylabel("true class (cells)", labelpad=8)
    axes.set_xlabel("predicted class")
    axes.grid(visible=False)


def class_balance(
    before: pd.DataFrame, after: Mapping[str, int], *, weighted: bool = False
) -> Figure:
    """Draw how many images each class has in each part, and in training after balancing.

    Args:
        before: Counts, one row a class (its name is the index), one column a part.
        after: Number of training images of each class in one epoch, or the sum of their weights.
        weighted: `after` holds weights.
    """
    classes = [legible(name) for name in before.index]
    places = np.arange(len(classes))
    with house_style():
        bars = 0.34 * len(classes)
        figure = Figure(figsize=(FULL_WIDTH, bars + 1.15), layout="constrained")
        # The legend stands below the numbers of the axis, however few the bars are.
        below = 0.26 / bars
        parts_axes, train_axes = figure.subplots(1, 2, sharey=True)
        left = np.zeros(len(classes))
        for part in before.columns:
            counts = before[part].to_numpy()
            colour = PART_COLOURS.get(part, MUTED)
            parts_axes.barh(places, counts, 0.62, left=left, color=colour, label=part)
            left += counts
        parts_axes.set_title("Images of each class, by part")
        train = before["train"].to_numpy()
        filled = np.array([after[name] for name in before.index])
        train_axes.barh(places - 0.18, train, 0.32, color=PALE, label="before")
        train_axes.barh(
            places + 0.18,
            filled,
            0.32,
            color=RIGHT,
            label="weight in the loss" if weighted else "after, in one epoch",
        )
        train_axes.set_title(
            "Training images and their weight"
            if weighted
            else "Training images before and after balancing"
        )
        for axes in (parts_axes, train_axes):
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -below), ncols=4, handlelength=1.1)
        parts_axes.set_yticks(places, [wrapped(name, 24) for name in classes])
        parts_axes.tick_params(axis="y", length=0, labelcolor=INK)
        train_axes.tick_params(axis="y", length=0)
        parts_axes.invert_yaxis()
        return figure
