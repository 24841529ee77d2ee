"""One file of a set, and all of them: what they are called, and how each becomes a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from cellclf.data.archives import archive_members, read_member, unpacked_member
from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.reading import image_size
from cellclf.data.samples import Sample
from cellclf.errors import DataError, ImageError
from cellclf.terms import Part

__all__ = ["ListedFile", "Listing", "found_suffixes"]

MOST_TEXT_BYTES = 64 << 20
"""Longest annotation or table that is read: far above any that describes images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFile:
    """One file of a set.

    Attributes:
        id: Path below the root with `/` between folders, accents composed (NFC); the same whether
            the set is a folder or a zip file of that folder's content.
        path: Absolute path of the file, or of the archive that it is in.
        member: Name inside that archive; `None` where the file lies in a folder.
    """

    id: str
    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """The last part of the id: `1.jpg`."""
        return self.id.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its suffix: `1`."""
        return PurePosixPath(self.id).stem

    @property
    def suffix(self) -> str:
        """The suffix in lower case: `.jpg`; empty where there is none."""
        return PurePosixPath(self.id).suffix.lower()

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders it lies in, the outermost first."""
        return tuple(self.id.split("/")[:-1])

    @property
    def is_image(self) -> bool:
        """Whether the suffix is that of an image."""
        return self.suffix in IMAGE_SUFFIXES

    def sample(
        self,
        *,
        label: str,
        id: str | None = None,  # noqa: A002 - it is what the sample calls it
        box: tuple[int, int, int, int] | None = None,
        groups: Mapping[str, str] | None = None,
        split: Part | None = None,
    ) -> Sample:
        """Make the sample that this file is; `id` is needed where one file holds several.

        Raises:
            DataError: As `Sample`.
        """
        return Sample(
            id=self.id if id is None else id,
            label=label,
            path=str(self.path),
            member=self.member,
            box=box,
            groups=groups or {},
            split=split,
        )

    def image_size(self) -> tuple[int, int]:
        """Return height and width of the image in pixels, as its header states them.

        Raises:
            ImageError: It is no usable image.
        """
        return image_size(self.sample(label=""))

    def read(self) -> bytes:
        """Return the content of a file that describes images, such as an annotation.

        Raises:
            DataError: It cannot be read, or is longer than 64 MiB.
        """
        try:
            if self.member is not None:
                content = read_member(self.path, self.member, most=MOST_TEXT_BYTES + 1)
            else:
                with self.path.open("rb") as file:
                    content = file.read(MOST_TEXT_BYTES + 1)
        except (OSError, ImageError) as error:
            raise DataError(f"{self.id} cannot be read: {error}") from error
        if len(content) > MOST_TEXT_BYTES:
            raise DataError(
                f"{self.id} must be a file that describes images. Received: more than "
                f"{MOST_TEXT_BYTES >> 20} MiB"
            )
        return content

    def on_disk(self) -> Path:
        """Return the path of a file with this content: its own, or that of a copy in the cache.

        For the few files that must be read at any place, such as an archive inside an archive.

        Raises:
            DataError: It cannot be unpacked.
            RunError: The cache cannot be written to.
        """
        if self.member is None:
            return self.path
        infos = {info.filename: info for info in archive_members(self.path)}
        return unpacked_member(self.path, infos[self.member])


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files below a root, less hidden ones and litter.

    Attributes:
        root: Absolute path of the folder or zip file that the ids are relative to.
        files: All files, in the order of their ids.
        folders: Ids of all folders, empty ones too, in order.
    """

    root: Path
    files: tuple[ListedFile, ...]
    folders: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def images(self) -> tuple[ListedFile, ...]:
        """The files whose suffix is that of an image, in the order of their ids."""
        return tuple(file for file in self.files if file.is_image)

    def with_suffix(self, suffix: str) -> tuple[ListedFile, ...]:
        """Return the files with this suffix, given in lower case, in the order of their ids."""
        return tuple(file for file in self.files if file.suffix == suffix)

    @property
    def found(self) -> str:
        """What there is, for messages: `"found 2 .txt, 1 without suffix"`."""
        return found_suffixes(file.suffix for file in self.files)


def found_suffixes(suffixes: Iterable[str]) -> str:
    """Say what kinds of files there are.

    Example:
        >>> found_suffixes([".txt", "", ".txt"])
        'found 2 .txt, 1 without suffix'
        >>> found_suffixes([])
        'found no files'
    """
    counted = Counter(suffixes)
    if not counted:
        return "found no files"
    kinds = (f"{n} {suffix or 'without suffix'}" for suffix, n in counted.most_common())
    return f"found {', '.join(kinds)}"
