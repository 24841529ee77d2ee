"""The audit as a job of its own: from a folder, an experiment or samples to what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellclf.auditing.audit import Audit
from cellclf.auditing.audit import audit as audit_samples
from cellclf.checking import data_plan
from cellclf.data.samples import Samples
from cellclf.experiment import Experiment
from cellclf.pipeline.audit_words import name_of
from cellclf.pipeline.prepare import load_samples
from cellclf.progress import Progress, Silent
from cellclf.registry import installed

__all__ = ["audit"]


def audit(
    data: Samples | Experiment | Mapping[str, Any] | str | Path,
    *,
    dataset: str = "image_folder",
    progress: Progress | None = None,
    source: str = "the experiment",
) -> Audit:
    """Look at every image of a set, and say what is wrong with it. No network is needed.

    Args:
        data: Samples, as a dataset plugin returns them; the path of a folder or file that `dataset`
            reads; or an experiment, of which only the data is looked at. Images without a label are
            looked at for everything that needs none.
        dataset: Name of the dataset plugin that reads a path.
        progress: Hears how far the work has come.
        source: What messages call the experiment.

    Returns:
        What was found. `Audit.safe` says whether the set is safe to use as it is.

    Raises:
        ExperimentError: The experiment, or the name of the dataset, is wrong.
        DataError: The images cannot be found.
    """
    listener = progress or Silent()
    if isinstance(data, Samples):
        return audit_samples(data, progress=listener)
    if isinstance(data, str | Path):
        raw: Mapping[str, Any] = {"data": {"dataset": dataset, "path": str(data)}}
    elif isinstance(data, Experiment):
        raw = data.model_dump(exclude_none=True)
    else:
        raw = data
    plan = data_plan(raw, installed(), source=source)
    samples = load_samples(plan)
    name = name_of(plan)
    listener.say(f"{name}: {samples.headline}")
    if len(samples.unlabelled) == len(samples):
        listener.say("there are no labels: what needs them is not looked for")
    for note in samples.notes:
        listener.warn(note)
    return audit_samples(samples, progress=listener, name=name)
