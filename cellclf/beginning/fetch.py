"""Getting a published set: said whose it is, fetched by its plugin, and read once to be sure."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellclf.checking import choose
from cellclf.chosen import Chosen
from cellclf.data.samples import Samples
from cellclf.errors import DataError, sentences
from cellclf.pipeline.load import load_dataset
from cellclf.progress import Progress, Silent
from cellclf.registry import installed
from cellclf.specs import DatasetSpec

__all__ = ["Fetched", "fetch"]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A set that is there to be used.

    Attributes:
        dataset: What it is.
        settings: The parameters that it was fetched with, those that are not the default.
        path: The folder that holds it.
        samples: Its images, as `load` gives them.
    """

    dataset: DatasetSpec
    settings: Mapping[str, Any]
    path: Path
    samples: Samples

    @property
    def command(self) -> str:
        """The command that trains on it."""
        words = ["cellclf", "run", "--dataset", self.dataset.name, "--data", str(self.path)]
        for name, value in self.settings.items():
            words += ["--set", f"data.params.{name}={json.dumps(value, ensure_ascii=False)}"]
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)

    def summary(self) -> str:
        """What there is, whose it is, and how to use it."""
        counts = ", ".join(f"{name} {count:,}" for name, count in self.samples.counts.items())
        return "\n".join(
            [
                f"{self.dataset.name}: {len(self.samples):,} images in {self.path}",
                f"  {counts}",
                *_whose(self.dataset),
                f"Use it: {self.command}",
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """Return what there is, whose it is, and the command that uses it, as plain values."""
        return {
            "dataset": self.dataset.name,
            "path": str(self.path),
            "images": len(self.samples),
            "classes": self.samples.counts,
            "settings": dict(self.settings),
            "licence": self.dataset.licence,
            "citation": self.dataset.citation,
            "homepage": self.dataset.homepage,
            "command": self.command,
        }


def fetch(
    name: str,
    *,
    to: Path | str,
    params: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a published set of images from where its publisher offers it.

    Nothing is ever downloaded but by this call and `cellclf fetch`. An interrupted call goes on
    where it was, and one for a set that is there already fetches nothing.

    Args:
        name: The dataset, or `distribution/name`.
        to: The folder to put it into; it is made.
        params: Parameters of the dataset, such as the size of its images.
        progress: Told whose the images are and how far it has come.

    Returns:
        What there is now, and the command that uses it.

    Raises:
        DataError: The dataset cannot be fetched by a program, or could not be now; the message says
            how a person gets it.
        ExperimentError: Parameters that it does not have.
        PluginError: There is no such dataset, or its plugin has a fault.
        RunError: The folder cannot be written.
    """
    progress = Silent() if progress is None else progress
    choice = choose(DatasetSpec, name, params or {}, installed(), at="dataset", params_at="params")
    spec, place = choice.spec, Path(to).absolute()
    if spec.fetch is None:
        raise DataError(_not_to_be_fetched(spec))
    for line in _whose(spec):
        progress.say(line)
    try:
        choice.function("fetch")(choice.params, root=place, progress=progress)
    except DataError as error:
        if not spec.obtain or spec.obtain in str(error):
            raise
        raise DataError(sentences(str(error), spec.obtain)) from error
    return Fetched(
        dataset=spec,
        settings=_set(choice),
        path=place,
        # Read now: what cannot be read is told now, not when hours of training should begin.
        samples=load_dataset(choice, place),
    )


def _whose(spec: DatasetSpec) -> list[str]:
    told = {"Licence": spec.licence, "Please cite": spec.citation, "Published at": spec.homepage}
    return [f"{heading}: {text}" for heading, text in told.items() if text]


def _not_to_be_fetched(spec: DatasetSpec) -> str:
    if not spec.needs_path:
        return (
            f"the dataset {spec.name!r} need not be fetched: cellclf run --dataset {spec.name} "
            "makes its images"
        )
    if not spec.obtain:
        return (
            f"the dataset {spec.name!r} reads images of your own, and cannot be fetched: "
            f"cellclf run --dataset {spec.name} --data FOLDER"
        )
    return sentences(f"the dataset {spec.name!r} cannot be fetched by a program", spec.obtain)


def _set(choice: Chosen[DatasetSpec]) -> dict[str, Any]:
    return choice.params.model_dump(mode="json", exclude_defaults=True)
