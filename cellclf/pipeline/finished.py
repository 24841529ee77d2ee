"""A finished run, read from its directory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellclf.errors import RunError, hint
from cellclf.run_directory import RunDirectory, read_json

if TYPE_CHECKING:
    import pandas as pd

    from cellclf.inference.classifier import Classifier

__all__ = ["FinishedRun"]


@dataclass(frozen=True)
class FinishedRun:
    """A complete run: its figures, predictions and models.

    Attributes:
        path: The run directory.

    Raises:
        RunError: There is no such directory, or it holds no complete run.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise RunError(f"no such run directory: {self.path}")
        if not self._directory.holds_run():
            raise RunError(
                f"{self.path} must be a run directory, as `cellclf run` makes it with --out: it "
                "holds no run"
            )
        if not self._directory.is_complete():
            raise RunError(
                f"{self.path} holds no complete run: the command that began it goes on with it"
            )

    @property
    def record(self) -> dict[str, Any]:
        """Versions, seed, fingerprints and timings."""
        return self._directory.record()

    @property
    def metrics(self) -> dict[str, Any]:
        """Every figure of every model, by model, part and metric."""
        return read_json(self._directory.metrics_file)

    @property
    def leaky(self) -> bool:
        """Whether the figures come from a split that leaks, which was allowed."""
        return bool(self.record.get("leaky", False))

    @property
    def best(self) -> str:
        """Label of the model chosen on validation."""
        return str(self.metrics["best"])

    @property
    def comparison(self) -> pd.DataFrame:
        """One row a model: its figures on the test part and what it cost."""
        import pandas as pd

        return pd.DataFrame(self.metrics["comparison"])

    def estimates(self, label: str | None = None) -> pd.DataFrame:
        """Test figures of one model, by default the best, with 95 % intervals.

        One row a figure: `metric`, `of` (a class, `"macro"` or empty), `value`, `low`, `high`,
        `method`, `samples`, `units`; see `cellclf.evaluation.estimates`.
        """
        import pandas as pd

        from cellclf.evaluation.estimates import COLUMNS

        rows = self.metrics["models"][self._known(label)]["estimates"]
        found = pd.DataFrame(rows, columns=list(COLUMNS))
        return found.astype(dict.fromkeys(("value", "low", "high"), float))

    @property
    def gates(self) -> list[dict[str, Any]]:
        """What came of the quality gates: `gate`, `passed` and `reason` of each."""
        found: list[dict[str, Any]] = self.metrics.get("gates", [])
        return found

    @property
    def passed(self) -> bool:
        """Whether the best model reaches all of its quality gates."""
        return all(one["passed"] for one in self.gates)

    @property
    def report(self) -> Path:
        """The report for people."""
        return self._directory.report_file

    def bundle(self, label: str | None = None) -> Path:
        """The file of one model, by default the best."""
        return self._directory.bundle(self._known(label))

    def predictions(self, label: str | None = None) -> pd.DataFrame:
        """Predictions of one model, by default the best, for all parts but train."""
        from cellclf.evaluation.prediction_files import read_predictions

        return read_predictions(self._directory.table(self._known(label)))

    def load(self, label: str | None = None) -> Classifier:
        """Load one model, by default the best, to classify new images."""
        from cellclf.inference.loading import load

        return load(self.bundle(label))

    def as_json(self) -> dict[str, Any]:
        """Return what a program wants to know of the run, as plain values."""
        metrics = self.metrics
        return {
            "path": str(self.path),
            "best": metrics["best"],
            "reason": metrics["reason"],
            "passed": self.passed,
            "gates": self.gates,
            "comparison": metrics["comparison"],
            "report": str(self.report),
            "bundle": str(self.bundle()),
            "record": self.record,
        }

    def summary(self) -> str:
        """Return what the command line prints at the end."""
        from cellclf.pipeline.caveats import caveats_of_figures

        metrics = self.metrics
        table = self._table().T.rename_axis(columns=None).to_string()
        lines = [
            table,
            "In brackets: 95 % intervals.",
            "",
            f"Best: {metrics['best']}. {metrics['reason']}",
        ]
        promises = metrics["models"][metrics["best"]].get("promises")
        if promises:
            from cellclf.evaluation.kept_promises import promise_sentences

            lines += promise_sentences(promises)
        else:
            lines.append("Not calibrated: confidences are as the networks give them.")
        lines += caveats_of_figures(leaky=self.leaky, synthetic=self.record["synthetic"])
        lines += [f"Gate {one['reason']}" for one in metrics.get("gates", ())]
        return "\n".join([*lines, f"Report: {self.report}"])

    def _table(self) -> pd.DataFrame:
        """The comparison as text, intervals beside the figures."""
        from cellclf.evaluation.estimates import headlines

        table = self.comparison.set_index("model").astype(object)
        for model, row in table.iterrows():
            intervals = headlines(self.estimates(str(model)))
            for name, value in row.items():
                low, high = intervals.get(str(name), (math.nan, math.nan))
                if isinstance(value, float):
                    within = "" if math.isnan(low) else f" ({low:.4f} to {high:.4f})"
                    table.loc[model, name] = f"{value:.4f}{within}"
        return table

    @property
    def _directory(self) -> RunDirectory:
        return RunDirectory(self.path)

    def _known(self, label: str | None) -> str:
        models = self.metrics["models"]
        if label is None:
            return self.best
        if label not in models:
            raise RunError(
                f"{self.path} holds no model {label!r}: {', '.join(models)}.{hint(label, models)}"
            )
        return label
