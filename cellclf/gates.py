"""Quality gates: what a model must reach to be used."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cellclf.errors import DataError, hint

__all__ = ["EXAMPLE", "Gate", "require_known"]

PER_CENT = 100

EXAMPLE = "sensitivity.basophil >= 0.95 (lower bound)"

SAME_AS = {
    "sensitivity": "recall",
    "ppv": "precision",
    "positive_predictive_value": "precision",
    "npv": "negative_predictive_value",
}
"""What laboratories call metrics that have another name here."""

PATTERN = re.compile(
    r"\s*(?P<metric>[A-Za-z][A-Za-z0-9_]*)(?:\.(?P<of>.+?))?\s*(?P<sign>>=|<=)\s*"
    r"(?P<limit>[0-9.]+)\s*(?P<percent>%)?\s*(?:\((?P<side>lower|upper) bound\))?\s*"
)

Side = Literal["value", "low", "high"]
SIDES: dict[str | None, Side] = {None: "value", "lower": "low", "upper": "high"}


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A figure that a model must reach.

    Attributes:
        text: As it was written.
        metric: The metric.
        of: The class, `"macro"`, or nothing.
        sign: `>=` or `<=`.
        limit: What it is held against.
        side: What is held against it: the figure, or an end of its interval.

    Example:
        >>> gate = Gate.parsed("sensitivity.basophil >= 95 % (lower bound)")
        >>> gate.metric, gate.of, gate.sign, gate.limit, gate.side
        ('recall', 'basophil', '>=', 0.95, 'low')
    """

    text: str
    metric: str
    of: str
    sign: Literal[">=", "<="]
    limit: float
    side: Side

    @property
    def called(self) -> str:
        """The metric by the name that it was written with."""
        found = PATTERN.fullmatch(self.text)
        return found["metric"] if found else self.metric

    @classmethod
    def parsed(cls, text: str) -> Gate:
        """Read it from `METRIC.CLASS >= LIMIT (lower bound)`; class and bound may be left out.

        Raises:
            DataError: It is written otherwise.
        """
        found = PATTERN.fullmatch(text)
        try:
            limit = (
                float(found["limit"]) / (PER_CENT if found["percent"] else 1) if found else math.nan
            )
        except ValueError:
            limit = math.nan
        if found is None or math.isnan(limit):
            raise DataError(f"must look like {EXAMPLE!r} or 'accuracy >= 0.9'. Received: {text!r}")
        name = found["metric"].lower()
        return cls(
            text=text.strip(),
            metric=SAME_AS.get(name, name),
            of=found["of"] or "",
            sign=">=" if found["sign"] == ">=" else "<=",
            limit=limit,
            side=SIDES[found["side"]],
        )


def require_known(
    gate: Gate,
    *,
    metrics: Mapping[str, tuple[float | None, float | None]],
    classes: Sequence[str] = (),
) -> None:
    """Make sure that there will be a figure to hold a gate against, and that it may reach it.

    Args:
        gate: The gate.
        metrics: Smallest and largest value of the figures of each metric that is computed, `None`
            where there is none.
        classes: Class names; empty where they are not known yet.

    Raises:
        DataError: There is no such metric, or no such class, or no figure of the metric can lie at
            the limit.
    """
    if gate.metric not in metrics:
        raise DataError(
            f"must be about one of the metrics {', '.join(metrics)}. "
            f"Received: {gate.text!r}.{hint(gate.metric, metrics)}"
        )
    lowest, highest = metrics[gate.metric]
    below = lowest is not None and gate.limit < lowest
    above = highest is not None and gate.limit > highest
    if below or above:
        share = gate.limit / PER_CENT
        meant = f" {share:g}, or {gate.limit:g} %?" if (lowest, highest) == (0, 1) else ""
        raise DataError(
            f"must have a limit within what {gate.metric} can be, {lowest} to {highest}. "
            f"Received: {gate.text!r}.{meant}"
        )
    if classes and gate.of not in (*classes, "", "macro"):
        raise DataError(
            f"must be about one of the classes {', '.join(classes)}, or 'macro'. "
            f"Received: {gate.text!r}.{hint(gate.of, classes)}"
        )
