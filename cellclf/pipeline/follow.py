"""What the other processes of a run do: train along, and wait for what the first one writes."""

from __future__ import annotations

import time
from collections.abc import Callable

from cellclf.checking import Plan
from cellclf.network import backend
from cellclf.network.distribution import Share
from cellclf.pipeline.fit import fitted
from cellclf.pipeline.prepare import Prepared
from cellclf.progress import Progress
from cellclf.run_directory import RunDirectory

__all__ = ["follow"]

SECONDS_BETWEEN_LOOKS = 0.5
"""At storage that several machines share; what is waited for takes seconds at the least."""


def follow(
    plan: Plan, prepared: Prepared, directory: RunDirectory, progress: Progress, share: Share
) -> None:
    """Take part in the training of every model that is not trained yet; write nothing.

    It returns once the first process has completed the run. If that one dies, the backend ends
    this process.
    """
    backend.deterministic()
    for label, chosen in plan.models.items():
        trained = directory.facts(label)
        if plan.experiment.trained_in is None and not trained.exists():
            fitted(label, chosen, plan, prepared, directory, progress, share)
            progress.say(f"{label}: process 0 predicts and writes the model")
            _wait_until(trained.exists)
    _wait_until(directory.is_complete)


def _wait_until(is_so: Callable[[], bool]) -> None:
    """Look until it is so.

    No limit of time: predictions may take long, and a leader that is gone ends the wait.
    """
    while not is_so():
        time.sleep(SECONDS_BETWEEN_LOOKS)
