"""The dataset `image_folder`: folders whose names are the classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.listed import ListedFile, Listing, found_suffixes
from cellclf.data.listing import list_files
from cellclf.data.samples import Samples
from cellclf.errors import DataError
from cellclf.specs import NoParams
from cellclf.terms import Part, counted, part_named

__all__ = ["load"]

LAYOUT = (
    "Expected one folder a class, as in neutrophil/1.jpg, anywhere below common folders, and if "
    "the set is divided already, train/neutrophil/1.jpg or neutrophil/train/1.jpg"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Folder:
    """A folder as found, its contents in the order of their names.

    Attributes:
        place: Where it is, for messages.
    """

    name: str
    place: Path
    images: tuple[ListedFile, ...]
    folders: tuple[_Folder, ...]
    other_suffixes: tuple[str, ...]

    @property
    def filled(self) -> tuple[_Folder, ...]:
        """The folders in it that hold an image at any depth."""
        return tuple(folder for folder in self.folders if next(folder.images_below(), None))

    def images_below(self) -> Iterator[ListedFile]:
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
    nothing has been divided, and no split is given. Images in a folder without class folders have
    no label: they can be audited, but nothing can be learnt from them. Links to folders are
    followed.

    Args:
        params: There are none.
        root: The folder, or a zip file of it; see `list_files`.

    Returns:
        Samples in the order of their ids, which are paths below `root` with `/` between folders;
        classes are called as their folders are, in alphabetical order.

    Raises:
        DataError: Nothing to list there, no images, or a layout in which the class of an image is
            unclear.
    """
    del params
    if root.is_file() and root.suffix.lower() == ".csv":
        raise DataError(
            "the data must be a folder or a zip file of images; a table of paths is read with "
            f"--dataset csv. Received: {root}"
        )
    listing = list_files(root)
    if not listing.images:
        raise DataError(f"no images ({_suffixes()}) in {listing.root}; {listing.found}. {LAYOUT}.")
    placed = list(_placed(_prefix(_tree(listing))[-1]))
    divided = len({part for _, part, _ in placed}) > 1
    samples = [
        image.sample(label=label, split=part if divided else None) for label, part, image in placed
    ]
    samples.sort(key=lambda sample: sample.id)
    classes = sorted({label for label, _, _ in placed} - {""})
    return Samples(samples=tuple(samples), classes=tuple(classes))


def _tree(listing: Listing) -> _Folder:
    """Put what lies in each folder together."""
    files: defaultdict[str, list[ListedFile]] = defaultdict(list)
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for file in listing.files:
        files[file.id.rpartition("/")[0]].append(file)
    for inner in listing.folders:
        folders[inner.rpartition("/")[0]].append(inner)

    def folder(at: str) -> _Folder:
        return _Folder(
            name=at.rpartition("/")[2],
            place=listing.root / at,
            images=tuple(file for file in files[at] if file.is_image),
            folders=tuple(folder(inner) for inner in folders[at]),
            other_suffixes=tuple(file.suffix for file in files[at] if not file.is_image),
        )

    return folder("")


def _prefix(folder: _Folder) -> list[_Folder]:
    """From `folder` down to the first that more than one branch, or a class, lies in."""
    chain = [folder]
    while not folder.images and len(folder.filled) == 1 and not folder.filled[0].images:
        (folder,) = folder.filled
        chain.append(folder)
    return chain


def _placed(level: _Folder) -> Iterator[tuple[str, Part | None, ListedFile]]:
    """Label (empty where there are no class folders), given part and path of every image."""
    parts = [folder for folder in level.folders if part_named(folder.name)]
    if not parts:
        flat = level.images and not level.filled
        yield from _without_label(level, None) if flat else _placed_in_classes(level, None)
        return
    others = [folder for folder in level.filled if folder not in parts]
    if others or level.images:
        beside = others[0].name if others else level.images[0].name
        raise DataError(
            f"{level.place} holds folders named after parts ({', '.join(f.name for f in parts)}) "
            f"and beside them {beside!r}. {LAYOUT}. Move or rename what does not belong."
        )
    _refuse_empty(level)
    if all(folder.images and not folder.filled for folder in parts):
        for folder in parts:
            yield from _without_label(folder, part_named(folder.name))
        return
    # Where one part holds a single class, that class looks like a common folder: the others tell.
    chains = [_prefix(folder) for folder in parts]
    depth = min(len(chain) for chain in chains) - 1
    for folder, chain in zip(parts, chains, strict=True):
        yield from _placed_in_classes(chain[depth], part_named(folder.name))


def _without_label(
    level: _Folder, part: Part | None
) -> Iterator[tuple[str, Part | None, ListedFile]]:
    for image in level.images:
        yield "", part, image


def _placed_in_classes(
    level: _Folder, part: Part | None
) -> Iterator[tuple[str, Part | None, ListedFile]]:
    if level.images:
        raise DataError(
            f"{counted(len(level.images), 'image')} directly in {level.place} would have no class, "
            f"where others have one (the first: {level.images[0].name}). {LAYOUT}."
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
                f"the folder {folder.place} stands beside folders of images but holds none "
                f"({_suffixes()}); {found_suffixes(folder.suffixes_below())}. Convert its files, "
                "or move it elsewhere."
            )


def _suffixes() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))
