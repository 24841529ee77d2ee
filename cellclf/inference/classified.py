"""What came of classifying files: the table, the files that could not be read, the counts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cellclf.data.leaks import LEAKY
from cellclf.errors import LeakageError, LeakageWarning
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar, require_free, sidecar_of, write_csv
from cellclf.evaluation.predictions import checked_table, classes_of
from cellclf.files import write_text
from cellclf.inference.caveats import averaged
from cellclf.inference.totals import Counts, Totals

__all__ = ["Classified"]


@dataclass(frozen=True, kw_only=True)
class Classified:
    """What came of classifying files.

    Attributes:
        table: One row a file that could be read, in the order given.
        unreadable: Reason by path, for the others.
        sidecar: What the table does not say of itself, such as what the model confuses.
        drift: How the images look beside those of training; `None` where the model does not know.
        trained: Paths of the images that the model was trained on, byte for byte, in the order of
            the table: what it says of them says nothing of how good it is.
        synthetic: The model was trained on rendered images.
        leaky: The figures of the model's run come from a split that leaks.
    """

    table: pd.DataFrame
    unreadable: Mapping[str, str]
    sidecar: Sidecar | None = None
    drift: Drift | None = None
    trained: tuple[str, ...] = ()
    synthetic: bool = False
    leaky: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many images were predicted as each class, in class order."""
        counted = self.table["predicted"].value_counts()
        others = sorted(set(counted.index) - set(classes_of(self.table)))
        return {name: int(counted.get(name, 0)) for name in (*classes_of(self.table), *others)}

    @property
    def to_review(self) -> int | None:
        """How many answers a person should look at; `None` where the model is not calibrated."""
        known = self.table["review"].dropna()
        return int(known.sum()) if len(known) else None

    @property
    def totals(self) -> Totals:
        """The same in few numbers."""
        return Totals(
            counts=Counts(
                predicted=self.counts,
                review=self.to_review,
                trained=len(self.trained),
                trained_example="".join(self.trained[:1]),
                unreadable=len(self.unreadable),
                unreadable_named=self.unreadable,
            ),
            drift=self.drift,
            thresholds=None if self.sidecar is None else self.sidecar.thresholds,
            synthetic=self.synthetic,
            leaky=self.leaky,
            averages=() if self.sidecar is None else averaged(self.sidecar),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the model and the images, a sentence or two each."""
        return self.totals.notes

    def with_labels(
        self, labels: Mapping[str, str], *, allow_leakage: bool = False
    ) -> pd.DataFrame:
        """Return the table with the true class of each image, ready for `judge`.

        Args:
            labels: Class name by path, as in the table; the label of others stays empty.
            allow_leakage: Label images that the model was trained on too, with a warning.

        Raises:
            LeakageError: The model was trained on some of the labelled images.
            DataError: A label that is none of the model's classes.
        """
        judged = [path for path in self.trained if labels.get(path)]
        if judged:
            said = (
                f"the model was trained on {len(judged):,} of the images that are to judge it, "
                f"such as {judged[0]}"
            )
            if not allow_leakage:
                raise LeakageError(f"{said}. Judge on others (`trained` lists them)")
            warnings.warn(f"{said}. {LEAKY}", LeakageWarning, stacklevel=2)
        column = [labels.get(path, "") for path in self.table["path"]]
        return checked_table(self.table.assign(label=pd.Series(column, dtype="str")))

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV, and beside it what it does not say of itself, as JSON.

        Each file appears whole or not at all. `new.csv` has `new.json` beside it.

        Raises:
            RunError: The place cannot be written to, or a JSON file of something else is there.
        """
        if self.sidecar is not None:
            require_free(path)
            write_text(sidecar_of(path), self.sidecar.model_dump_json(indent=2) + "\n")
        write_csv(self.table, path)

    def summary(self) -> str:
        """Return the counts, and every file that could not be read, for people."""
        return self.totals.summary()
