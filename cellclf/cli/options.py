"""The arguments by which more than one command is told which data is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from cellclf.cli import completion
from cellclf.terms import Views

__all__ = [
    "ByOption",
    "DataOption",
    "DatasetOption",
    "EngineOption",
    "ExperimentArgument",
    "GroupPatternOption",
    "ModelArgument",
    "QuestionOption",
    "RayAddressOption",
    "ReferenceOption",
    "SetOption",
    "ViewsOption",
    "WorkersOption",
    "require_result_files",
    "require_suffix",
    "wrong_value",
]

ExperimentArgument = Annotated[
    Path | None, typer.Argument(help="An experiment (TOML).", show_default=False)
]

DatasetOption = Annotated[
    str | None,
    typer.Option(
        help="A dataset plugin. [image_folder, with --data]", autocompletion=completion.datasets
    ),
]

DataOption = Annotated[Path | None, typer.Option(help="The folder or file it reads.")]

GroupPatternOption = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help=r"What in a path belongs together, by named groups, such as (?P<patient>C\d+).",
    ),
]

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any other setting, such as data.params.size=64; may be given again.",
    ),
]


ModelArgument = Annotated[
    str,
    typer.Argument(
        help="A bundle, a run directory (its best model), or a model that comes with a plugin, "
        "such as blood_cells."
    ),
]

ByOption = Annotated[
    str,
    typer.Option(
        metavar="folder|COLUMN|REGEX",
        help="What tells specimens apart: the folder of an image, a column of the file, or a "
        "regular expression whose first group, or whole, is found in the path.",
    ),
]

QuestionOption = Annotated[
    list[str] | None,
    typer.Option(
        help="How many more cells would settle it, such as 'eosinophil > 5 %'; may be given again."
    ),
]

ReferenceOption = Annotated[
    Path | None,
    typer.Option(help="A TOML file of usual ranges, and where they come from, to hold shares to."),
]

WorkersOption = Annotated[
    Literal["local", "ray"],
    typer.Option(
        metavar="local|ray",
        help="Who looks at the images: this process, or the machines of a Ray cluster.",
    ),
]

RayAddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|auto",
        help="Where the cluster is. [RAY_ADDRESS, or else Ray on this machine alone]",
    ),
]

EngineOption = Annotated[
    str,
    typer.Option(
        metavar="auto|keras|NAME",
        autocompletion=completion.engines,
        help="What computes the answers: the fastest here, Keras, or a plugin's engine.",
    ),
]

ViewsOption = Annotated[
    Views,
    typer.Option(
        metavar="none|flips|dihedral",
        help="Look at each image mirrored (4 views) or turned as well (8), and average: 4 or 8 "
        "times the work.",
    ),
]


def require_result_files(
    options: Mapping[str, Path | None], *, inputs: Iterable[Path | None] = ()
) -> None:
    """Make sure, before any work, that results can be written to where options say.

    Args:
        options: File by the option that names it; `None` where it is not given.
        inputs: Files that are read, which no result may overwrite; `None` where one is not given.

    Raises:
        RunError: They cannot, or would overwrite each other or an input.
    """
    from cellclf.errors import RunError
    from cellclf.files import require_writable

    read = {path.resolve() for path in inputs if path is not None}
    written: dict[Path, str] = {}
    for option, path in options.items():
        if path is None:
            continue
        if path.is_dir():
            raise RunError(f"{option} must be a file. Received: {path}, which is a folder")
        place = path.resolve()
        if place in read:
            raise RunError(f"{option} would overwrite {path}, which is read: give another name")
        if place in written:
            raise RunError(
                f"{written[place]} and {option} must be different files. Received: {path} for both"
            )
        written[place] = option
        require_writable(path.parent)


def require_suffix(option: str, path: Path | None, *suffixes: str) -> None:
    """Make sure that a file is called as what is written into it.

    Args:
        option: The option that names the file.
        path: The file; `None` where it is not given.
        *suffixes: How its name may end, such as `.csv`.

    Raises:
        RunError: It ends otherwise: other programs would take it for something else.
    """
    from cellclf.errors import RunError

    if path is not None and path.suffix.lower() not in suffixes:
        *others, last = suffixes
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise RunError(f"{option} must name a {allowed} file. Received: {path}")


@contextmanager
def wrong_value(option: str) -> Iterator[None]:
    """Say of what is wrong with the value of an option that the command is wrong, not the data.

    Args:
        option: The option whose value is read in the block.

    Raises:
        BadParameter: The value cannot be understood.
    """
    from cellclf.errors import DataError

    try:
        yield
    except DataError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
