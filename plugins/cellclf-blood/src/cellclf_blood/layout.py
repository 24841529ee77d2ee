"""What the folders of a published set say, and how a set that cannot be read is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cellclf import DataError, ListedFile, Listing, Part, part_named

__all__ = ["given_parts", "part_by_folder", "present_classes", "where"]

SHOWN = 5


def given_parts(parts: Sequence[Part | None]) -> list[Part | None]:
    """Return the given parts, or none at all where they divide nothing: all images lie in one.

    Example:
        >>> given_parts(["train", "test", None])
        ['train', 'test', None]
        >>> given_parts(["test", "test"])
        [None, None]
    """
    return list(parts) if len(set(parts)) > 1 else [None] * len(parts)


def part_by_folder(file: ListedFile) -> Part | None:
    """The part that the outermost telling folder of a file names."""
    named = (part_named(folder) for folder in file.folders)
    return next((part for part in named if part is not None), None)


def where(listing: Listing, files: Iterable[ListedFile]) -> str:
    """Name the first few of the folders that files lie in."""
    folders = sorted({(listing.root / file.id).parent.as_posix() for file in files})
    more = f" and {len(folders) - SHOWN} more" if len(folders) > SHOWN else ""
    return f"{', '.join(folders[:SHOWN])}{more}"


def present_classes(
    labels: Iterable[str], classes: Sequence[str], *, at: Listing
) -> tuple[str, ...]:
    """Return those of `classes` that are among `labels`, in their order.

    Raises:
        DataError: There are fewer than two.
    """
    found = set(labels)
    present = tuple(name for name in classes if name in found)
    if len(present) < 2:
        raise DataError(
            f"{at.root} must hold at least two classes of {', '.join(classes)}. Received: only "
            f"{', '.join(present)}. Name the folder above it."
        )
    return present
