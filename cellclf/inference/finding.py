"""From what a user names - files, folders, patterns, archives, addresses - to the images meant."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

from cellclf.data.addresses import is_address, list_address
from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.listing import list_files
from cellclf.errors import DataError
from cellclf.inference.arrays import ARRAY_SUFFIXES, rows_of
from cellclf.inference.inputs import Files, Inputs, Members, PathLike, Rows, Source

__all__ = ["STANDARD_INPUT", "find_inputs", "local_files"]

STANDARD_INPUT = "-"
"""Stands for the names that standard input lists."""

ARCHIVE_SUFFIX = ".zip"

PROBLEMS_NAMED = 20
"""How many names that stand for nothing a message names."""


def find_inputs(paths: PathLike | Iterable[PathLike]) -> Inputs:
    """Find the images that are meant, whether or not the shell expanded the patterns.

    Args:
        paths: Each a file, which is taken whatever it is called; a folder, of which every image at
            any depth is taken, by its suffix; a pattern with `*`, `?`, `[...]` or `**`; a zip
            file, of which every image is taken; a `.npy` or `.npz` file of images; an address such
            as `s3://cells/new` (see `cellclf.data.addresses`); or `-`, for such names on standard
            input, one a line, or each ended by a null character.

    Returns:
        In the order given, the content of a folder, a pattern and an archive sorted; written as
        given, not made absolute. What is named twice is taken once. Names that start with a dot are
        left out of folders.

    Raises:
        DataError: Something named does not exist, matches nothing, or holds no image.
    """
    named = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not named:
        raise DataError("there must be an image, a folder or a pattern to read. Received: none")
    names: list[str] = []
    for name in named:
        if not isinstance(name, str | os.PathLike):
            raise DataError(
                "images must be paths, or one array of images of one size. "
                f"Received: {type(name).__name__}"
            )
        text = os.fspath(name)
        names += _listed_on_standard_input() if text == STANDARD_INPUT else [text]
    sources, problems = [], []
    for text in names:
        source, problem = _source(text)
        sources.append(source)
        if problem:
            problems.append(problem)
    if problems:
        more = len(problems) - PROBLEMS_NAMED
        rest = [f"and {more:,} more"] if more > 0 else []
        raise DataError("\n".join([*problems[:PROBLEMS_NAMED], *rest]))
    if len(sources) == 1:  # nothing in it is there twice
        return Inputs(sources)
    return _each_once(Inputs(_joined(sources)))


def local_files(inputs: Inputs, *, called: Container[str]) -> Iterator[Path]:
    """Return the local files that are read and have one of some names.

    Args:
        inputs: All that is read.
        called: Names without folders.
    """
    for source in inputs.sources:
        if isinstance(source, Members | Rows):
            names: Sequence[str] = [source.name]
        else:
            names = source.names if isinstance(source, Files) and not source.far else ()
        yield from (Path(name) for name in names if name.rpartition(os.sep)[2] in called)


def _listed_on_standard_input() -> list[str]:
    content = sys.stdin.buffer.read()
    if b"\0" in content:
        found = content.split(b"\0")
    else:
        found = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    names = [os.fsdecode(name) for name in found if name]
    if not names:
        raise DataError(
            "standard input must list images, one a line, or each ended by a null character. "
            "Received: none"
        )
    if STANDARD_INPUT in names:
        raise DataError("a list of images cannot name standard input itself. Received: '-'")
    return names


def _source(name: str) -> tuple[Source, str]:
    """The images that one name stands for, and what is wrong with it if there are none."""
    nothing = Files(names=())
    try:
        if is_address(name):
            found = list_address(name)
            return Files(names=found, far=True), "" if found else f"no image at {name}"
        if os.path.isdir(name):  # noqa: PTH112 - a path object for each of very many takes long
            files = _sorted(_images_below(os.fspath(Path(name))))
            problem = f"{name} must hold images ({_suffixes()}): it holds none"
            return Files(names=files), "" if files else problem
        if os.path.exists(name):  # noqa: PTH110 - before patterns: one may be called `cell[1].png`
            return _file(name)
        if not glob.has_magic(name):
            return nothing, f"no such file or folder: {name}"
        matches = glob.glob(name, recursive=True)  # noqa: PTH207 - patterns may be absolute
        files = _sorted({file for match in matches for file in _match(match)})
    except DataError as error:
        return nothing, str(error)
    except (OSError, ValueError) as error:  # not permitted; a name with a null character
        return nothing, f"{name!r} cannot be read: {error}"
    return Files(names=files), "" if files else f"no image ({_suffixes()}) matches {name!r}"


def _file(name: str) -> tuple[Source, str]:
    lower, written = name.lower(), os.fspath(Path(name))
    if lower.endswith(ARRAY_SUFFIXES):
        return rows_of(written), ""
    if not lower.endswith(ARCHIVE_SUFFIX):
        return Files(names=[written]), ""
    images = list_files(Path(name)).images
    if not images:
        return Files(names=()), f"{name} must hold images ({_suffixes()}): it holds none"
    members = Members(
        name=written,
        path=str(images[0].path),
        ids=[image.id for image in images],
        members=[str(image.member) for image in images],
    )
    return members, ""


def _joined(sources: Sequence[Source]) -> list[Source]:
    """Files of one kind that follow each other as one source: a list may name very many."""
    joined: list[Source] = []
    pending: list[str] = []
    for number, source in enumerate(sources):
        if not isinstance(source, Files):
            joined.append(source)
            continue
        pending += source.names
        after = sources[number + 1] if number + 1 < len(sources) else None
        if not isinstance(after, Files) or after.far != source.far:
            joined.append(Files(names=pending, far=source.far))
            pending = []
    return joined


def _each_once(inputs: Inputs) -> Inputs:
    known: set[str] = set()
    places: list[int] = []
    for place, name in enumerate(inputs.ids()):
        # Not `resolve`: two links to one file are two samples, two spellings are one.
        key = name if is_address(name) else os.path.abspath(name)  # noqa: PTH100
        if key not in known:
            known.add(key)
            places.append(place)
    return inputs if len(places) == len(inputs) else inputs.chosen(places)


def _match(name: str) -> Iterator[str]:
    if os.path.isdir(name):  # noqa: PTH112
        yield from _images_below(os.fspath(Path(name)))
    elif _is_image(os.path.basename(name)):  # noqa: PTH119
        yield os.fspath(Path(name))


def _images_below(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        prefix = "" if here == os.curdir else os.path.join(here, "")  # noqa: PTH118
        prefix = prefix.removeprefix(os.path.join(os.curdir, ""))  # noqa: PTH118
        yield from (f"{prefix}{name}" for name in files if _is_image(name))


def _sorted(names: Iterable[str]) -> list[str]:
    """In the order of paths: a folder's content stands together, whatever its neighbours' names."""
    return sorted(names, key=lambda name: os.path.normcase(name).replace(os.sep, "\0"))


def _is_image(name: str) -> bool:
    # macOS writes a `._cell.jpg` beside each `cell.jpg` on a foreign disk: it is no image.
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


def _suffixes() -> str:
    return ", ".join(IMAGE_SUFFIXES)


def _raise(error: OSError) -> None:
    raise error
