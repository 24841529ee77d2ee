"""Holding a model's figures against quality gates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.metric import SINGLE
from cellclf.gates import Gate

__all__ = ["Held", "held"]


@dataclass(frozen=True, kw_only=True)
class Held:
    """What came of a gate.

    Attributes:
        gate: As it was written.
        passed: Whether the model reaches it.
        reason: A sentence.
    """

    gate: str
    passed: bool
    reason: str


def held(gates: Sequence[Gate], estimates: pd.DataFrame) -> tuple[Held, ...]:
    """Hold the figures of a model against gates.

    Args:
        gates: What it must reach.
        estimates: What `cellclf.evaluation.estimates.estimates` found.

    Raises:
        DataError: A gate is about a figure that there is not.
    """
    figures = {(row["metric"], row["of"]): row for row in estimates.to_dict("records")}
    found = []
    for gate in gates:
        row = figures.get((gate.metric, gate.of))
        if row is None:
            raise DataError(_no_figure(gate, [of for name, of in figures if name == gate.metric]))
        found.append(_held(gate, row))
    return tuple(found)


def _no_figure(gate: Gate, there: Sequence[str]) -> str:
    """Why there is nothing to hold a gate against, and what it may be about."""
    about = f"the gate {gate.text!r} is about a figure that there is not"
    if there == [SINGLE]:
        return f"{about}: {gate.metric} is one figure, of all classes together"
    if not gate.of and MACRO in there:
        return f"{about}: name a class or macro, such as {gate.called}.macro"
    return f"{about}: there is {', '.join(f'{gate.called}.{of}' for of in there) or 'none'}"


def _held(gate: Gate, row: dict[Any, Any]) -> Held:
    figure = float(row[gate.side])
    if math.isnan(figure):
        why = row["method"] if gate.side != "value" else "there is no such figure"
        return Held(gate=gate.text, passed=False, reason=f"{gate.text}: not reached, {why}.")
    passed = figure >= gate.limit if gate.sign == ">=" else figure <= gate.limit
    within = ""
    if not math.isnan(row["low"]):
        within = f" (95 % interval {row['low']:.4f} to {row['high']:.4f})"
    said = "reached" if passed else "not reached"
    return Held(
        gate=gate.text,
        passed=passed,
        reason=f"{gate.text}: {said}, it is {row['value']:.4f}{within} on "
        f"{int(row['samples']):,} samples.",
    )
