"""The files of a set as it was downloaded: a folder, a zip file, or a folder that holds one."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from cellclf.data.archives import (
    ENCRYPTED,
    READABLE,
    archive_members,
)
from cellclf.data.listed import ListedFile, Listing
from cellclf.data.publishing import require_finished
from cellclf.errors import DataError

__all__ = ["list_files"]

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

UTF8_NAME = 0x800
"""Flag of a member whose name is UTF-8; without it, a name is in code page 437, or says it is."""


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
