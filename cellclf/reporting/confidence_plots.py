"""Charts of confidence: whether it means what it says, and what is gained by asking for more."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cellclf.reporting.plots import FULL_WIDTH
from cellclf.reporting.style import INK, MUTED, PALE, RIGHT, WRONG, house_style

__all__ = ["confidence_chart"]


def confidence_chart(
    before: pd.DataFrame,
    after: pd.DataFrame,
    curve: pd.DataFrame,
    *,
    threshold: float,
) -> Figure:
    """Draw the reliability diagram, and the risk-coverage curve beside it.

    Args:
        before: Bins before calibration, as `cellclf.evaluation.calibration.reliability` has them.
        after: The same after it.
        curve: As `cellclf.evaluation.abstention.risk_coverage` has it.
        threshold: Confidence from which on answers need no review; it is marked on the curve where
            any answer has it.
    """
    with house_style():
        figure = Figure(figsize=(FULL_WIDTH, 3.9), layout="constrained")
        reliability, risk = figure.subplots(1, 2)
        reliability.plot([0, 1], [0, 1], color=PALE, linewidth=1, zorder=1)
        reliability.plot(
            before["confidence"],
            before["right"],
            "o--",
            color=MUTED,
            markersize=3.5,
            linewidth=1,
            label="before calibration",
        )
        reliability.errorbar(
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
        reliability.set(
            title="Does confidence mean what it says?",
            xlabel="confidence",
            ylabel="share that is right",
            xlim=(max(0, lowest - 0.03), 1.01),
            ylim=(max(0, lowest - 0.03), 1.01),
        )
        reliability.legend(loc="lower right")
        risk.step(curve["coverage"], curve["risk"], where="post", color=RIGHT)
        accepted = curve[curve["threshold"] >= threshold]
        if len(accepted):
            at = accepted.iloc[-1]
            risk.plot(
                at["coverage"],
                at["risk"],
                "o",
                color=WRONG,
                label=f"threshold: {at['coverage']:.0%} accepted, {at['risk']:.1%} of these wrong",
            )
            risk.legend(loc="upper left")
        risk.set(
            title="What asking for more confidence gains",
            xlabel="share of the cells that is accepted",
            ylabel="share of these that is wrong",
            xlim=(0, 1.01),
        )
        risk.set_ylim(0, max(0.01, 1.4 * float(curve["risk"].max())))
        for axes in (reliability, risk):
            axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
            axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
            axes.title.set_color(INK)
        return figure
