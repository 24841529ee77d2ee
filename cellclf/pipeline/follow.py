"""What the other processes of a run do: train along, and wait for what the first one writes."""

from __future__ import annotations

import time
from collections.abc import Callable

from cellclf.network import backend
from cellclf.pipeline.fit import fitted
from cellclf.pipeline.work import Work

__all__ = ["follow"]

SECONDS_BETWEEN_LOOKS = 0.5
"""At storage that several machines share; what is waited for takes seconds at the least."""


def follow(work: Work) -> None:
    """Take part in the training of every model that is not trained yet; write nothing.

    It returns once the first process has completed the run. If that one dies, the backend ends
    this process.

    Args:
        work: The run.
    """
    backend.deterministic()
    for label in work.plan.models:
        trained = work.directory.facts(label)
        if work.plan.experiment.trained_in is None and not trained.exists():
            fitted(label, work)
            work.progress.say(f"{label}: process 0 predicts and writes the model")
            _wait_until(trained.exists)
    _wait_until(work.directory.is_complete)


def _wait_until(is_so: Callable[[], bool]) -> None:
    """Look until it is so.

    No limit of time: predictions may take long, and a leader that is gone ends the wait.
    """
    while not is_so():
        time.sleep(SECONDS_BETWEEN_LOOKS)
