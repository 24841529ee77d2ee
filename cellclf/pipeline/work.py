"""A run at work: what each of its steps is given, from the training to the report."""

from __future__ import annotations

from dataclasses import dataclass

from cellclf.checking import Plan
from cellclf.network.distribution import ALONE, Share
from cellclf.pipeline.prepare import Prepared
from cellclf.progress import Progress
from cellclf.run_directory import RunDirectory

__all__ = ["Work"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A run whose images are prepared.

    Attributes:
        plan: What was asked for.
        prepared: The images and their parts.
        directory: Where everything is kept.
        progress: Told of each step.
        share: Which part of a training is this process's.
    """

    plan: Plan
    prepared: Prepared
    directory: RunDirectory
    progress: Progress
    share: Share = ALONE
