"""Which trainings make up the comparison, and what each of them is asked for."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellclf.cli.settings import overridden
from cellclf.experiment import laid_over, read_toml
from cellclf.files import write_json

__all__ = ["EPOCHS", "FULL", "KIND", "REDUCED", "SECONDS", "Asked", "Run", "chosen", "planned"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "three_architectures.toml"
"""The full comparison; whatever is trained is this, with what was asked for laid over it."""

FULL, REDUCED = "full", "reduced"

LESS: Mapping[str, Any] = {
    "data": {
        "image_size": 64,
        "split": {"train": 0.04, "validation": 0.04, "calibration": 0.05, "test": 0.87},
    },
    "augmentation": {"balance": "weights"},
}
"""What the reduced comparison has in place of the full one's: what two cores can do in an hour."""

SMALL = "custom_cnn"
"""The architecture that is trained with several seeds."""

EPOCHS, SECONDS = "epochs", "seconds"
"""The two budgets: the same number of epochs, or the same time."""

KIND = "comparison.json"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training.

    Attributes:
        budget: `epochs` or `seconds`: what is the same for all architectures.
        architecture: What is trained.
        seed: Of weights, batches and augmentation; the division has a seed of its own.
    """

    budget: str
    architecture: str
    seed: int

    @property
    def name(self) -> str:
        """What it is called: `epochs-vgg16-0`."""
        return f"{self.budget}-{self.architecture}-{self.seed}"

    @classmethod
    def named(cls, name: str) -> Run:
        """The run of a name, as `name` writes it."""
        budget, architecture, seed = name.split("-")
        return cls(budget=budget, architecture=architecture, seed=int(seed))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the comparison is to be made.

    Attributes:
        kind: `full` or `reduced`.
        settings: Whatever else is set in every experiment, as `key=value`.
        seeds: How many seeds the small network is trained with.
        seconds: The budget in time.
    """

    kind: str
    settings: Sequence[str] = ()
    seeds: int = 3
    seconds: float = 120.0

    def experiment(self, run: Run, images: Path) -> dict[str, Any]:
        """Everything that one training depends on."""
        full = read_toml(EXAMPLE)
        asked = laid_over(full, LESS if self.kind == REDUCED else {})
        asked = overridden(asked, {}, self.settings)
        asked["seed"] = run.seed
        asked["models"] = {run.architecture: asked["models"][run.architecture]}
        asked["data"]["path"] = str(images.resolve())
        if run.budget == SECONDS:
            asked.setdefault("training", {})["time_budget"] = self.seconds
        return asked

    def write_down(self, place: Path) -> None:
        """Write how the comparison in `place` is made; refuse to go on with another.

        Raises:
            SystemExit: It was begun with other settings.
        """
        file = place / KIND
        told = {"kind": self.kind, "settings": list(self.settings), "seconds": self.seconds}
        if file.exists() and json.loads(file.read_text(encoding="utf-8")) != told:
            raise SystemExit(f"{place} was begun with other settings: see {file}")
        write_json(file, told)


def planned(asked: Asked) -> list[Run]:
    """Every training, those with the budget in epochs first."""
    architectures = read_toml(EXAMPLE)["models"]
    return [
        Run(budget=budget, architecture=architecture, seed=seed)
        for budget in (EPOCHS, SECONDS)
        for architecture in architectures
        for seed in range(asked.seeds if architecture == SMALL else 1)
    ]


def chosen(runs: Sequence[Run], patterns: Sequence[str]) -> list[Run]:
    """The runs whose names match one of `patterns`; all where there is none.

    Raises:
        SystemExit: A pattern matches none.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatch(run.name, pattern) for run in runs):
            raise SystemExit(f"no run is called {pattern}: {', '.join(run.name for run in runs)}")
    return [
        run
        for run in runs
        if not patterns or any(fnmatch.fnmatch(run.name, pattern) for pattern in patterns)
    ]
