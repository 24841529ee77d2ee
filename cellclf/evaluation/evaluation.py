"""What a table of predictions is worth: its figures with intervals, and its confusion counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.evaluation.gates import Held
from cellclf.files import finite
from cellclf.spreadsheets import write_table
from cellclf.terms import MISSING, NO_BREAK, Part, counted, percent

__all__ = ["Evaluation"]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a table of predictions is worth.

    Attributes:
        name: What was judged, such as a file.
        classes: Class names.
        estimates: One row a figure, with its interval; see `cellclf.evaluation.estimates`.
        confusion: Samples by label (rows) and top class, shape `(k, k)`, in class order.
        unlabelled: Rows that have no label, and took no part.
        gates: What came of quality gates.
        notes: What a reader must know of the figures.
        part: The part that the rows are of; none where all rows of a table without parts were
            judged.
    """

    name: str
    classes: tuple[str, ...]
    estimates: pd.DataFrame
    confusion: NDArray[np.intp]
    unlabelled: int = 0
    gates: tuple[Held, ...] = ()
    notes: tuple[str, ...] = ()
    part: Part | None = None

    @property
    def verdict(self) -> str:
        """One sentence: how many samples were right, and within which limits."""
        right, total = int(np.trace(self.confusion)), int(self.confusion.sum())
        of_part = f" of the part {self.part}" if self.part else ""
        said = f"{right:,} of {counted(total, 'sample')}{of_part} were classified correctly"
        found = self.estimates[self.estimates["metric"] == "accuracy"]
        if not len(found) or np.isnan(found["low"].iloc[0]):
            return f"{said}."
        low, high = found["low"].iloc[0], found["high"].iloc[0]
        within = f"95{NO_BREAK}% interval {percent(low)} to {percent(high)}"
        return f"{said} ({percent(right / total)}, {within})."

    @property
    def passed(self) -> bool:
        """Whether all quality gates are reached."""
        return all(one.passed for one in self.gates)

    def summary(self) -> str:
        """Return all figures as text."""
        rows = [
            (
                f"{row['metric']} {row['of']}".strip(),
                MISSING if np.isnan(row["value"]) else f"{row['value']:.4f}",
                "" if np.isnan(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}",
                row["samples"],
                row["units"],
                row["method"],
            )
            for row in self.estimates.to_dict("records")
        ]
        columns = ["figure", "value", "95 % interval", "samples", "units", "how"]
        table = pd.DataFrame(rows, columns=columns)
        lines = [table.to_string(index=False, justify="left"), "", f"{self.name}: {self.verdict}"]
        if self.unlabelled:
            lines.append(f"{counted(self.unlabelled, 'row')} without a label took no part.")
        return "\n".join([*lines, *(f"Gate {one.reason}" for one in self.gates), *self.notes])

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; a figure that there is not is `None`."""
        return {
            "name": self.name,
            "part": self.part,
            "classes": list(self.classes),
            "estimates": finite(self.estimates.to_dict("records")),
            "confusion": self.confusion.tolist(),
            "unlabelled": self.unlabelled,
            "gates": [asdict(one) for one in self.gates],
            "notes": list(self.notes),
        }

    def write_csv(self, path: Path) -> None:
        """Write the figures as CSV; the file appears whole or not at all."""
        write_table(self.estimates, path)
