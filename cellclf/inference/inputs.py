"""From what a user names - files, folders, patterns - to the image files that are meant."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.errors import DataError

__all__ = ["PathLike", "expand_paths"]

PathLike = str | os.PathLike[str]


def expand_paths(paths: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    """Find the image files that are meant, whether or not the shell expanded the patterns.

    Args:
        paths: Each a file, which is taken whatever it is called; a folder, of which every image
            at any depth is taken, by its suffix; or a pattern with `*`, `?`, `[...]` or `**`.

    Returns:
        In the order given, the content of a folder and of a pattern sorted; written as given, not
        made absolute. A file that is named twice is taken once. Names that start with a dot are
        left out of folders.

    Raises:
        DataError: Something named does not exist, matches nothing, or holds no image; all such
            are named at once.
    """
    named = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not named:
        raise DataError("there must be an image, a folder or a pattern to read. Received: none")
    found: dict[str, Path] = {}
    problems: list[str] = []
    for name in named:
        if not isinstance(name, str | os.PathLike):
            raise DataError(
                "images must be paths, or one array of images of one size. "
                f"Received: {type(name).__name__}"
            )
        files, problem = _files(os.fspath(name))
        for file in files:
            # Not `resolve`: two links to one file are two samples, two spellings are one.
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100
        if problem:
            problems.append(problem)
    if problems:
        raise DataError("\n".join(problems))
    return tuple(found.values())


def _files(name: str) -> tuple[list[Path], str]:
    """The files that one name stands for, and what is wrong with it if there are none."""
    path = Path(name)
    try:
        if path.is_dir():
            files = sorted(_images_below(path))
            return files, "" if files else f"{name} must hold images ({_suffixes()}): it holds none"
        if path.exists():  # before patterns: a file may be called `cell[1].png`
            return [path], ""
        if not glob.has_magic(name):
            return [], f"no such file or folder: {name}"
        matches = glob.glob(name, recursive=True)  # noqa: PTH207 - patterns may be absolute
        files = sorted({file for match in matches for file in _match(match)})
    except (OSError, ValueError) as error:  # not permitted; a name with a null character
        return [], f"{name!r} cannot be read: {error}"
    return files, "" if files else f"no image ({_suffixes()}) matches {name!r}"


def _match(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_dir():
        yield from _images_below(path)
    elif _is_image(path.name):
        yield path


def _images_below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(here, name) for name in files if _is_image(name))


def _is_image(name: str) -> bool:
    # macOS writes a `._cell.jpg` beside each `cell.jpg` on a foreign disk: it is no image.
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


def _suffixes() -> str:
    return ", ".join(IMAGE_SUFFIXES)


def _raise(error: OSError) -> None:
    raise error
