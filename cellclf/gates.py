"""Quality gates: what a model must reach to be used."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cellclf.errors import DataError, hint

__all__ = ["EXAMPLE", "Gate", "require_known"]

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

    @classmethod
    def parsed(cls, text: str) -> Gate:
        """Read it from `METRIC.CLASS >= LIMIT (lower bound)`; class and bound may be left out.

        Raises:
            DataError: It is written otherwise.
        """
        found = PATTERN.fullmatch(text)
        try:
            limit = float(found["limit"]) / (100 if found["percent"] else 1) if found else math.nan
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


def require_known(gate: Gate, *, metrics: Sequence[str], classes: Sequence[str] = ()) -> None:
    """Make sure that there will be a figure to hold a gate against.

    Args:
        gate: The gate.
        metrics: Names of the metrics that are computed.
        classes: Class names; empty where they are not known yet.

    Raises:
        DataError: There is no such metric, or no such class.
    """
    if gate.metric not in metrics:
        raise DataError(
            f"must be about one of the metrics {', '.join(metrics)}. "
            f"Received: {gate.text!r}.{hint(gate.metric, metrics)}"
        )
    if classes and gate.of not in (*classes, "", "macro"):
        raise DataError(
            f"must be about one of the classes {', '.join(classes)}, or 'macro'. "
            f"Received: {gate.text!r}.{hint(gate.of, classes)}"
        )
