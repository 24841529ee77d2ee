"""What came of classifying files: the table, the files that could not be read, the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cellclf.evaluation.prediction_files import write_csv
from cellclf.evaluation.predictions import classes_of

__all__ = ["Classified"]


@dataclass(frozen=True, kw_only=True)
class Classified:
    """What came of classifying files.

    Attributes:
        table: One row a file that could be read, in the order given.
        unreadable: Reason by path, for the others.
        synthetic: The model was trained on rendered images.
    """

    table: pd.DataFrame
    unreadable: Mapping[str, str]
    synthetic: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many images were predicted as each class, in class order."""
        counted = self.table["predicted"].value_counts()
        others = sorted(set(counted.index) - set(classes_of(self.table)))
        return {name: int(counted.get(name, 0)) for name in (*classes_of(self.table), *others)}

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV, whole or not at all.

        Raises:
            RunError: The place cannot be written to.
        """
        write_csv(self.table, path)

    def summary(self) -> str:
        """Return the counts, and every file that could not be read, for people."""
        counts, total = self.counts, len(self.table)
        width = max(len(name) for name in (*counts, "total"))
        digits = len(f"{total}")
        lines = [
            f"{name:<{width}}  {count:>{digits}}  {count / max(total, 1):6.1%}"
            for name, count in counts.items()
        ]
        lines.append(f"{'total':<{width}}  {total:>{digits}}")
        if self.unreadable:
            lines.append(f"Could not be read: {len(self.unreadable)}")
            lines += [f"  {path}: {reason}" for path, reason in self.unreadable.items()]
        if self.synthetic:
            lines.append("Synthetic: the model was trained on rendered images, not on real cells.")
        return "\n".join(lines)
