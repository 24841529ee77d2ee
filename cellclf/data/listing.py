"""The files of a set as it was downloaded: a folder, a zip file, or a folder that holds one."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from cellclf.data.archives import (
    ENCRYPTED,
    READABLE,
    archive_members,
    read_member,
    unpacked_member,
)
from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.publishing import require_finished
from cellclf.data.reading import image_size
from cellclf.data.samples import Sample
from cellclf.errors import DataError, ImageError
from cellclf.terms import Part

__all__ = ["ListedFile", "Listing", "found_suffixes", "list_files"]

LITTER = frozenset(
    {
        "$recycle.bin",
        "@eadir",
        "__macosx",
        "desktop.ini",
        "ehthumbs.db",
        "lost+found",
        "system volume information",
        "thumbs.db",
    }
)
"""What operating systems and drives leave among a user's files, in lower case; hidden files and
folders go the same way."""

ARCHIVE_SUFFIX = ".zip"
ARRAYS_SUFFIX = ".npz"

MOST_TEXT_BYTES = 64 << 20
"""Longest annotation or table that is read: far above any that describes images."""

UTF8_NAME = 0x800
"""Flag of a member whose name is UTF-8; without it, a name is in code page 437, or says it is."""


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


def list_files(root: Path, *, obtain: str = "") -> Listing:
    """List the files of a set, wherever and however it was downloaded.

    A folder and a zip file are listed alike: ids, order and what is left out are the same. Where
    there is no image and no file of arrays but exactly one zip file, in a folder or in another zip
    file, that is listed instead. Nothing is written to the root, and no image is unpacked:
    `Sample.member` says where it is. (A zip file inside another is copied to the cache, once.)
    Links to folders are followed.

    Args:
        root: A folder, or a zip file; a drive that may only be read will do.
        obtain: Where the set is to be had (`DatasetSpec.obtain`), which ends the message where
            there is no such thing at `root`.

    Returns:
        The files, images and others. That there are images at all is for the caller to see.

    Raises:
        DataError: Nothing there or a file of another kind, a folder that cannot be read or holds a
            part of a set that is being fetched, a zip file that is damaged, encrypted, packed by an
            unknown method or with names that lead out of it, a name that is no valid text, or two
            names that differ only in how accents are written.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> with zipfile.ZipFile(place / "download.zip", "w") as archive:
        ...     for name in ("cells/ig/1.jpg", "cells/ig/2.jpg", "__MACOSX/cells/ig/._1.jpg"):
        ...         archive.writestr(name, b"")
        >>> listing = list_files(place)
        >>> print(*(image.id for image in listing.images))
        cells/ig/1.jpg cells/ig/2.jpg
        >>> listing.images[0].sample(label="ig").member
        'cells/ig/1.jpg'
    """
    root = root.absolute()
    if root.is_dir():
        require_finished(root)
        listing = _listed(root, _walk(root, prefix="", within=()))
    elif root.is_file() and (root.suffix.lower() == ARCHIVE_SUFFIX or zipfile.is_zipfile(root)):
        listing = _archive(root)
    else:
        what = "a file of another kind" if root.is_file() else "nothing there"
        wanted = f"the data must be a folder or a zip file. Received: {root} ({what})"
        raise DataError(f"{wanted}. {obtain}" if obtain else wanted)
    for _ in range(2):  # a zip file in a folder, or in a zip file; an archive may hold itself
        inner = listing.with_suffix(ARCHIVE_SUFFIX)
        if listing.images or listing.with_suffix(ARRAYS_SUFFIX) or len(inner) != 1:
            break
        listing = _archive(inner[0].on_disk())
    return listing


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A file or folder, its name not yet looked at."""

    name: str
    path: Path
    member: str | None = None
    is_folder: bool = False


def _walk(folder: Path, *, prefix: str, within: tuple[tuple[int, int], ...]) -> Iterator[_Found]:
    """What is in a folder and below; `within` are the folders it lies in, by device and inode."""
    try:
        status = folder.stat()
        here = status.st_dev, status.st_ino
        # A link to a folder that this one lies in leads round for ever. (Inode 0: not known.)
        if here in within and status.st_ino:
            return
        with os.scandir(folder) as opened:
            wanted = (entry for entry in opened if not _left_out(entry.name))
            entries = [(entry.name, entry.is_dir()) for entry in wanted]
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}") from error
    if prefix:
        yield _Found(name=prefix.rstrip("/"), path=folder, is_folder=True)
    for name, is_folder in entries:
        inner = folder / name
        if is_folder:
            yield from _walk(inner, prefix=f"{prefix}{name}/", within=(*within, here))
        else:
            yield _Found(name=f"{prefix}{name}", path=inner)


def _left_out(name: str) -> bool:
    return name.startswith(".") or name.lower() in LITTER


def _archive(path: Path) -> Listing:
    return _listed(path, _in_archive(path))


def _in_archive(path: Path) -> Iterator[_Found]:
    for info in archive_members(path):
        name = _text_of(info).replace("\\", "/")  # some archivers on Windows write those
        parts = name.rstrip("/").split("/")
        if parts[0] == ".":
            parts = parts[1:]
        if any(part in ("", ".", "..") for part in parts) or PureWindowsPath(name).drive:
            raise DataError(
                f"every name in {path} must lie below its root. Received: {name!r}, which leads "
                "out of it. Do not unpack this archive; get the set from elsewhere."
            )
        if any(_left_out(part) for part in parts):
            continue
        if not info.is_dir():
            _refuse_packing(path, info)
        yield _Found(
            name="/".join(parts), path=path, member=info.filename, is_folder=name.endswith("/")
        )


def _text_of(info: zipfile.ZipInfo) -> str:
    """The name of a member; many archivers write UTF-8 and do not say so."""
    if info.flag_bits & UTF8_NAME or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _refuse_packing(path: Path, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & ENCRYPTED:
        raise DataError(
            f"the files in {path} must not be encrypted. Received: {info.filename!r}, which needs "
            "a password. Unpack it with the password, and name the folder."
        )
    if info.compress_type not in READABLE:
        raise DataError(
            f"the files in {path} must be stored or packed by deflate, bzip2 or lzma. Received: "
            f"{info.filename!r}, packed by method {info.compress_type}. Unpack it, and name the "
            "folder."
        )


def _listed(root: Path, found: Iterator[_Found]) -> Listing:
    files: dict[str, ListedFile] = {}
    folders: set[str] = set()
    for entry in found:
        # macOS may hand out decomposed accents where other systems hand out composed ones.
        name = unicodedata.normalize("NFC", entry.name)
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"the name of {entry.name!a} in {root} is no valid text: rename the file"
            ) from error
        above = name.split("/")[:-1]
        folders.update("/".join(above[: depth + 1]) for depth in range(len(above)))
        if entry.is_folder:
            folders.add(name)
        elif name in files:
            raise DataError(
                f"every file in {root} must have a name of its own. Received: two called {name!r}, "
                "which differ at most in how an accent is written. Rename one."
            )
        else:
            files[name] = ListedFile(id=name, path=entry.path, member=entry.member)
    return Listing(
        root=root,
        files=tuple(files[name] for name in sorted(files)),
        folders=tuple(sorted(folders)),
    )
