"""The run directory: what lies where, and when it may be believed.

Every file appears whole, by atomic rename. `record.json` is written first, as `running`, and last,
as `complete`: a directory without the second is a run that can go on, never one to be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellclf.errors import CellclfError, RunError
from cellclf.experiment import Experiment, differing, read_toml
from cellclf.files import require_writable
from cellclf.terms import first_few

__all__ = ["COMPLETE", "RUNNING", "RunDirectory", "read_json"]

RUNNING, COMPLETE = "running", "complete"
"""States of a run, in its record."""

FINGERPRINT = "experiment_fingerprint"
"""The entry by which a record is known as ours."""


@dataclass(frozen=True)
class RunDirectory:
    """Addresses inside a run directory, and its record.

    Attributes:
        path: The directory.
    """

    path: Path

    @property
    def record_file(self) -> Path:
        """Versions, seed, fingerprints, timings and the state of the run."""
        return self.path / "record.json"

    @property
    def experiment_file(self) -> Path:
        """The experiment in full; it runs again as it stands."""
        return self.path / "experiment.toml"

    @property
    def division_file(self) -> Path:
        """Which sample is in which part, and why one is in none."""
        return self.path / "division.csv"

    @property
    def metrics_file(self) -> Path:
        """Every figure of every model, and which model is best."""
        return self.path / "metrics.json"

    @property
    def report_file(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def card_file(self) -> Path:
        """The model card of the best model."""
        return self.path / "model_card.md"

    @property
    def audit_page(self) -> Path:
        """What was found in the images, with pictures."""
        return self.path / "audit.html"

    @property
    def figures(self) -> Path:
        """Folder of figures."""
        return self.path / "figures"

    def bundle(self, label: str) -> Path:
        """The trained model."""
        return self.path / "models" / f"{label}.safetensors"

    def predictions(self, label: str) -> Path:
        """Stem of the prediction files: add `.parquet`, `.csv` or `.json`."""
        return self.path / "predictions" / label

    def table(self, label: str) -> Path:
        """The predictions as Parquet."""
        stem = self.predictions(label)
        return stem.with_name(f"{stem.name}.parquet")

    def training(self, label: str) -> Path:
        """Folder of a model's learning history and, while it trains, its checkpoint."""
        return self.path / "training" / label

    def facts(self, label: str) -> Path:
        """What is known of a model's training; there once all else of the model is."""
        return self.training(label) / "facts.json"

    def record(self) -> dict[str, Any]:
        """Read the record; empty where there is none.

        Raises:
            RunError: A record that is no JSON.
        """
        return read_json(self.record_file) if self.record_file.exists() else {}

    def experiment(self) -> dict[str, Any]:
        """Read the experiment that was begun here, as plain tables that go on here.

        Raises:
            RunError: None was, or it had not come as far as to have its images prepared.
            ExperimentError: It is no experiment any more.
        """
        if not self.experiment_file.exists():
            raise RunError(
                f"{self.path} holds no run that could go on: it must have an "
                f"{self.experiment_file.name}, which is written once the images are prepared. Give "
                "the command that began it again"
            )
        begun = {"out": str(self.path)}
        record = self.record()
        if record.get("trained_in") and record.get("status") != COMPLETE:
            begun["trained_in"] = record["trained_in"]
        return read_toml(self.experiment_file) | begun

    def card(self) -> dict[str, Any]:
        """Read what the experiment that was begun here says of what only a person knows.

        Raises:
            ExperimentError: It is no experiment any more.
        """
        if not self.experiment_file.exists():
            return {}
        return dict(read_toml(self.experiment_file).get("card", {}))

    def holds_run(self) -> bool:
        """Whether a run was begun here, and came as far as to have its images prepared."""
        return self.experiment_file.is_file() or self.record_file.is_file()

    def is_complete(self) -> bool:
        """Whether the run has come to its end."""
        return self.record().get("status") == COMPLETE

    def bundles(self) -> dict[str, Path]:
        """Return the models there are so far, by label."""
        return {
            path.stem: path for path in sorted(self.bundle("*").parent.glob("[!.]*.safetensors"))
        }

    def _has_begun(self) -> bool:
        """Whether anything has been learnt that another experiment would throw away."""
        return bool(self.is_complete() or self.bundles() or any(self.path.glob("training/*/*")))

    def _differs(self, experiment: Experiment) -> str:
        """Which settings an experiment has not as the one that was begun here, in brackets."""
        with suppress(CellclfError):
            begun = Experiment(**self.experiment())
            return f" (different: {first_few(differing(begun.asked, experiment.asked))})"
        return ""

    @contextmanager
    def claimed(self, experiment: Experiment) -> Iterator[None]:
        """Claim the directory for a block; if that fails, nothing empty is left behind.

        Raises:
            RunError: As `claim`.
        """
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.claim(experiment)
        try:
            yield
        except BaseException:
            with suppress(OSError):  # it holds something
                for folder in made or [self.path]:
                    folder.rmdir()
            raise

    def claim(self, experiment: Experiment) -> None:
        """Make sure that this directory, which is made, may hold the run of one experiment.

        Raises:
            RunError: It cannot be written, or holds something else.
        """
        require_writable(self.path)
        occupied = any(not entry.name.startswith(".") for entry in self.path.iterdir())
        record = self.record()
        if occupied and FINGERPRINT not in record:
            raise RunError(
                f"{self.path} is not empty and holds no run: give a new directory with --out"
            )
        if record.get(FINGERPRINT, experiment.fingerprint) == experiment.fingerprint:
            return
        if self._has_begun():
            raise RunError(
                f"{self.path} holds the run of another experiment{self._differs(experiment)}: give "
                "another directory with --out (`out` in Python), or remove this one"
            )
        self.record_file.unlink()


def read_json(path: Path) -> dict[str, Any]:
    """Read one of a run's JSON files.

    Raises:
        RunError: It cannot be read, or is no JSON.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} cannot be read ({error}): give another run directory with --out"
        ) from error
