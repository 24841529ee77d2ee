"""What Keras computes with, asked of a process of its own: importing a backend takes seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from cellclf.doctor.environment import BACKEND
from cellclf.doctor.finding import Finding, command, setting
from cellclf.doctor.processes import NoAnswerError, asked
from cellclf.errors import ExperimentError
from cellclf.network.backend import DEFAULT, chosen_backend

__all__ = ["Backend", "backend", "unfit_backend"]


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The backend that is used, and what it finds.

    Attributes:
        name: What it is called; empty where none can be used.
        version: The version that is installed.
        devices: What it can compute on; `None` where that was not asked for, or not answered.
        said: Device, numbers and compilation, as a training says it; empty where not asked for.
        problem: Why it cannot be used; empty where it can, as far as was asked.
    """

    name: str
    version: str = ""
    devices: tuple[str, ...] | None = None
    said: str = ""
    problem: str = ""


def backend(*, devices: bool) -> Backend:
    """Look at the backend.

    Args:
        devices: Import it, in a process of its own, and ask it what it can compute on.
    """
    try:
        name = chosen_backend()
    except ExperimentError as error:
        return Backend(name="", problem="; ".join(str(one) for one in error.problems))
    there = _version(name)
    if not devices:
        return Backend(name=name, version=there)
    try:
        answer = asked("cellclf.doctor.backend_child", None)
    except NoAnswerError as error:
        return Backend(name=name, version=there, problem=f"its import {error}")
    if answer["problem"]:
        return Backend(name=name, version=there, problem=answer["problem"])
    return Backend(
        name=name,
        version=answer["backend_version"],
        devices=tuple(answer["devices"]),
        said=answer["said"],
    )


def unfit_backend(found: Backend) -> Iterator[Finding]:
    """Say that it cannot be used; a wrong `KERAS_BACKEND` is a finding of the environment."""
    if found.problem and (found.name or BACKEND not in os.environ):
        name = found.name or DEFAULT
        yield Finding(
            kind="backend",
            severity="error",
            subject=name,
            message=found.problem,
            remedies=(
                command("pip", "install", "--upgrade", "--force-reinstall", name),
                setting(BACKEND, DEFAULT),
            ),
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # installed under another name, such as tensorflow-cpu
        return ""
