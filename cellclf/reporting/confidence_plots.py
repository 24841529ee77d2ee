"""Charts of confidence: whether it means what it says, and what is gained by asking for more."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cellclf.reporting.style import INK, MUTED, PALE, RIGHT, WRONG, house_style
from cellclf.terms import NO_BREAK, percent

__all__ = ["acceptance_chart", "calibration_chart"]

SIZE = (4.9, 3.6)
"""Inches: two of them fill the report's column."""


def calibration_chart(before: pd.DataFrame, after: pd.DataFrame) -> Figure:
    """Draw the reliability diagram.

    Args:
        before: Bins before calibration, as `cellclf.evaluation.calibration.reliability` has them.
        after: The same after it.
    """
    with house_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=1, zorder=1)
        axes.plot(
            before["confidence"],
            before["right"],
            "o--",
            color=MUTED,
            markersize=3.5,
            linewidth=1,
            label="before calibration",
        )
        axes.errorbar(
            after["confidence"],
            after["right"],
            yerr=[after["right"] - after["low"], after["high"] - after["right"]],
            fmt="o-",
            color=RIGHT,
            markersize=4.5,
            linewidth=1.4,
            elinewidth=1,
            label="after, with 95 % intervals",
        )
        lowest = min(before["confidence"].min(), after[["confidence", "low"]].min().min())
        axes.set(
            title="Does confidence mean what it says?",
            xlabel="confidence",
            ylabel="share that is right",
            xlim=(max(0, lowest - 0.03), 1.01),
            ylim=(max(0, lowest - 0.03), 1.01),
        )
        axes.legend(loc="lower right")
        _in_percent(axes)
        return figure


def acceptance_chart(curve: pd.DataFrame, *, threshold: float) -> Figure:
    """Draw the risk-coverage curve.

    Args:
        curve: As `cellclf.evaluation.abstention.risk_coverage` has it.
        threshold: Confidence from which on answers need no review; it is marked on the curve where
            any answer has it.
    """
    with house_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.step(curve["coverage"], curve["risk"], where="post", color=RIGHT, clip_on=False)
        accepted = curve[curve["threshold"] >= threshold]
        if len(accepted):
            at = accepted.iloc[-1]
            axes.plot(
                at["coverage"],
                at["risk"],
                "o",
                color=WRONG,
                label=f"threshold: {percent(at['coverage'], digits=0)} accepted, "
                f"{percent(at['risk'])} of these wrong",
            )
            axes.legend(loc="upper left")
        axes.set(
            title="What asking for more confidence gains",
            xlabel="share of the cells that is accepted",
            ylabel="share of these that is wrong",
            xlim=(0, 1.01),
        )
        axes.set_ylim(0, max(0.01, 1.4 * float(curve["risk"].max())))
        _in_percent(axes)
        return figure


def _in_percent(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=f"{NO_BREAK}%"))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None, symbol=f"{NO_BREAK}%"))
    axes.title.set_color(INK)
