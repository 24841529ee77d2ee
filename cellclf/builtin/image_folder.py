"""The dataset `image_folder`: folders whose names are the classes."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError
from cellclf.specs import NoParams
from cellclf.terms import Part, part_named

__all__ = ["load"]

NOT_DATA = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
"""What operating systems leave among a user's files; hidden files and folders go the same way."""

LAYOUT = (
    "Expected one folder a class, as in neutrophil/1.jpg, anywhere below common folders, and if "
    "the set is divided already, train/neutrophil/1.jpg or neutrophil/train/1.jpg"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Folder:
    """A folder as found, its contents in the order of their names."""

    path: Path
    images: tuple[Path, ...]
    folders: tuple[_Folder, ...]
    other_suffixes: tuple[str, ...]

    @property
    def name(self) -> str:
        return unicodedata.normalize("NFC", self.path.name)

    @property
    def filled(self) -> tuple[_Folder, ...]:
        """The folders in it that hold an image at any depth."""
        return tuple(folder for folder in self.folders if next(folder.images_below(), None))

    def images_below(self) -> Iterator[Path]:
        yield from self.images
        for folder in self.folders:
            yield from folder.images_below()

    def suffixes_below(self) -> Iterator[str]:
        yield from self.other_suffixes
        for folder in self.folders:
            yield from folder.suffixes_below()


def load(params: NoParams, *, root: Path) -> Samples:
    """Read a set that is laid out as one folder a class.

    Folders that all images share (`archive/PBC/...`) are passed over. Images count wherever they
    lie below their class's folder. Folders called train, validation (or valid, val), calibration
    and test, above or just below the classes, give the split; where all images lie in the same one,
    nothing has been divided, and no split is given. Links to folders are followed.

    Args:
        params: There are none.
        root: The folder.

    Returns:
        Samples in the order of their ids, which are paths below `root` with `/` between folders;
        classes are called as their folders are, in alphabetical order.

    Raises:
        DataError: No such folder, no images, or a layout in which the class of an image is unclear.
    """
    del params
    if not root.is_dir():
        what = "a file" if root.exists() else "nothing there"
        table = "; a table of paths is read with --dataset csv" if root.suffix == ".csv" else ""
        raise DataError(f"the data must be a folder of images{table}. Received: {root} ({what})")
    root = root.absolute()
    tree = _scan(root, within=())
    if not tree.filled and not tree.images:
        raise DataError(f"no images ({_suffixes()}) below {root}; {_found(tree)}. {LAYOUT}.")

    placed = list(_placed(_prefix(tree)[-1]))
    divided = len({part for _, part, _ in placed}) > 1
    samples = []
    for label, part, image in placed:
        samples.append(
            Sample(
                id=_id(image, root),
                label=label,
                path=str(image),
                split=part if divided else None,
            )
        )
    samples.sort(key=lambda sample: sample.id)
    return Samples(samples=tuple(samples), classes=tuple(sorted({label for label, _, _ in placed})))


def _scan(path: Path, *, within: tuple[tuple[int, int], ...]) -> _Folder:
    """Read a folder and all below; `within` are the folders it lies in, by device and inode."""
    images, folders, other_suffixes = [], [], []
    try:
        status = path.stat()
        within = (*within, (status.st_dev, status.st_ino))
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        for entry in entries:
            inner = path / entry.name
            if entry.name.startswith(".") or entry.name in NOT_DATA:
                continue
            if entry.is_dir():
                status = inner.stat()
                # A link to a folder that this one lies in would lead round for ever.
                if (status.st_dev, status.st_ino) not in within:
                    folders.append(_scan(inner, within=within))
            elif inner.suffix.lower() in IMAGE_SUFFIXES:
                images.append(inner)
            else:
                other_suffixes.append(inner.suffix.lower())
    except OSError as error:
        raise DataError(f"the folder {path} cannot be read: {error.strerror}") from error
    return _Folder(
        path=path,
        images=tuple(images),
        folders=tuple(folders),
        other_suffixes=tuple(other_suffixes),
    )


def _prefix(folder: _Folder) -> list[_Folder]:
    """From `folder` down to the first that more than one branch, or a class, lies in."""
    chain = [folder]
    while not folder.images and len(folder.filled) == 1 and not folder.filled[0].images:
        (folder,) = folder.filled
        chain.append(folder)
    return chain


def _placed(level: _Folder) -> Iterator[tuple[str, Part | None, Path]]:
    """Label, given part and path of every image."""
    parts = [folder for folder in level.folders if part_named(folder.name)]
    if not parts:
        yield from _placed_in_classes(level, None)
        return
    others = [folder for folder in level.filled if folder not in parts]
    if others or level.images:
        beside = others[0].path.name if others else level.images[0].name
        raise DataError(
            f"{level.path} holds folders named after parts ({', '.join(f.name for f in parts)}) "
            f"and beside them {beside!r}. {LAYOUT}. Move or rename what does not belong."
        )
    _refuse_empty(level)
    # Where one part holds a single class, that class looks like a common folder: the others tell.
    chains = [_prefix(folder) for folder in parts]
    depth = min(len(chain) for chain in chains) - 1
    for folder, chain in zip(parts, chains, strict=True):
        yield from _placed_in_classes(chain[depth], part_named(folder.name))


def _placed_in_classes(
    level: _Folder, part: Part | None
) -> Iterator[tuple[str, Part | None, Path]]:
    if level.images:
        raise DataError(
            f"{len(level.images)} images lie directly in {level.path}, which gives them no class "
            f"(the first: {level.images[0].name}). {LAYOUT}."
        )
    _refuse_empty(level)
    for folder in level.folders:
        for image in folder.images:
            yield folder.name, part, image
        for inner in folder.folders:
            for image in inner.images_below():
                yield folder.name, part or part_named(inner.name), image


def _refuse_empty(level: _Folder) -> None:
    """Refuse a folder that looks like a class or a part, but would silently add nothing."""
    for folder in level.folders:
        if folder not in level.filled:
            raise DataError(
                f"the folder {folder.path} stands beside folders of images but holds none "
                f"({_suffixes()}); {_found(folder)}. Convert its files, or move it elsewhere."
            )


def _found(folder: _Folder) -> str:
    counted = Counter(folder.suffixes_below())
    if not counted:
        return "found no files"
    kinds = (f"{n} {suffix or 'without suffix'}" for suffix, n in counted.most_common())
    return f"found {', '.join(kinds)}"


def _suffixes() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))


def _id(image: Path, root: Path) -> str:
    # macOS may hand out decomposed accents where other systems hand out composed ones.
    name = unicodedata.normalize("NFC", image.relative_to(root).as_posix())
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the name of {str(image)!a} is no valid text: rename the file") from error
    return name
