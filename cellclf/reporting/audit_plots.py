"""Charts of an audit."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cellclf.auditing.background import BackgroundProbe
from cellclf.reporting.style import INK, MUTED, PALE, RIGHT, WRONG, house_style, wrapped

__all__ = ["background_probe"]

WIDTH = 5.4
"""Inches: what a telephone can still show as a whole, with letters that can be read."""


def background_probe(probe: BackgroundProbe) -> Figure:
    """Draw the share of each class that the border alone gives away, beside chance.

    Classes that are given away are orange. The last bar is their mean, with its 95 % interval.

    Args:
        probe: What the probe found.
    """
    names = [*probe.classes, "mean of the classes"]
    places = np.arange(len(names))
    shares = [*probe.recall, probe.accuracy]
    colours = [WRONG if name in probe.shortcuts else PALE for name in probe.classes]
    with house_style():
        figure = Figure(figsize=(WIDTH, 0.34 * len(names) + 0.8), layout="constrained")
        axes = figure.subplots()
        axes.barh(places, shares, 0.62, color=[*colours, RIGHT])
        axes.plot([probe.low, probe.high], [places[-1]] * 2, color=INK, linewidth=1.4)
        axes.axvline(probe.chance, color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
        axes.annotate(
            "chance",
            (probe.chance, -0.62),
            xytext=(4, 0),
            textcoords="offset points",
            color=MUTED,
            fontsize=9,
            annotation_clip=False,
        )
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.8))
        axes.set_yticks(places, [wrapped(name, 20) for name in names])
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
        return figure
