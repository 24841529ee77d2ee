"""How much a command says beside its result: `--quiet` and `--verbose`."""

from __future__ import annotations

import os
from contextvars import ContextVar
from enum import IntEnum
from typing import Annotated

import typer

from cellclf.cli.added_options import Command, with_options

__all__ = ["Loudness", "QuietOption", "VerboseOption", "be_heard", "loudness", "may_be_quiet"]


class Loudness(IntEnum):
    """How much is said on standard error; results and errors are always said."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but results, warnings and errors.")
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Say more often how far work is, what the backend says, and where an error arose.",
    ),
]

_loudness: ContextVar[Loudness] = ContextVar("loudness", default=Loudness.NORMAL)


def loudness() -> Loudness:
    """Return how much the command that runs is to say."""
    return _loudness.get()


def be_heard(*, quiet: bool, verbose: bool) -> None:
    """Set how much the command that runs is to say.

    Raises:
        BadParameter: It is to say both less and more.
    """
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose exclude each other: choose one")
    _loudness.set(Loudness.QUIET if quiet else Loudness.VERBOSE if verbose else Loudness.NORMAL)
    if verbose:
        # Imported here: most commands need no backend.
        from cellclf.network.backend import QUIET

        for name in QUIET:
            os.environ.setdefault(name, "0")


def may_be_quiet(command: Command) -> Command:
    """Give a command that works for long `-q` and `-v`, as they are before its name.

    Example:
        >>> import inspect
        >>> def run(out: str = "") -> None: ...
        >>> list(inspect.signature(may_be_quiet(run)).parameters)
        ['out', 'quiet', 'verbose']
    """

    def listen(*, quiet: bool, verbose: bool) -> None:
        if quiet or verbose:
            be_heard(quiet=quiet, verbose=verbose)

    return with_options(
        command, listen, {"quiet": (QuietOption, False), "verbose": (VerboseOption, False)}
    )
