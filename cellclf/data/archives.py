"""Zip files: opened once, read by many threads, never unpacked beside the user's own files."""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from cellclf.data.cached import cached_file
from cellclf.errors import DataError, ImageError

__all__ = ["ENCRYPTED", "READABLE", "archive_members", "read_member", "unpacked_member"]

HELD = 8
"""Archives kept open at a time; a set lies in one, or in a few."""

ENCRYPTED = 0x1
"""Flag of a member that needs a password."""

READABLE = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
"""Methods of packing that Python can undo."""
"""Methods of packing that Python unpacks; Windows packs very large files by another, Deflate64."""

NOT_AN_ARCHIVE = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, struct.error)
"""What `zipfile` raises on a directory that is damaged, cut off, or none at all."""

NOT_UNPACKED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error)
"""What it raises on a member whose bytes are damaged."""


class _OpenArchives:
    """The archives that are open in this process, the one used last at the end.

    One open archive serves all threads: `zipfile` guards each read of the shared file itself, but
    not its count of readers, so members are opened and closed under a lock. Reading and unpacking
    happen outside of it.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew: a forked process shares its parent's position in every open file."""
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[tuple[int, int], zipfile.ZipFile]] = OrderedDict()

    def members(self, path: Path) -> tuple[zipfile.ZipInfo, ...]:
        with self._lock:
            return tuple(self._archive(path).NameToInfo.values())

    @contextmanager
    def reader(self, path: Path, name: str) -> Iterator[IO[bytes]]:
        with self._lock:
            file = self._archive(path).open(name)
        try:
            yield file
        finally:
            with self._lock:
                file.close()

    def _archive(self, path: Path) -> zipfile.ZipFile:
        """The archive at `path`, opened again if the file is no longer the one that was opened."""
        key = os.fspath(path)
        status = path.stat()
        state = status.st_size, status.st_mtime_ns
        held_state, archive = self._held.pop(key, (None, None))
        if archive is not None and held_state != state:
            archive.close()  # members that are being read keep the file open until they are done
            archive = None
        if archive is None:
            archive = zipfile.ZipFile(path)
        self._held[key] = state, archive
        while len(self._held) > HELD:
            _, (_, oldest) = self._held.popitem(last=False)
            oldest.close()
        return archive


_open = _OpenArchives()
if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_open.forget)


def archive_members(path: Path) -> tuple[zipfile.ZipInfo, ...]:
    """Return what the zip file at `path` holds, folders too, in the order of its directory.

    Raises:
        DataError: The file cannot be read, or is no whole zip file.
    """
    try:
        return _open.members(path)
    except NOT_AN_ARCHIVE as error:
        raise DataError(
            f"{path} must be a whole zip file. Received: a file that cannot be opened as one "
            f"({error}). If it was downloaded, download it again: it may have been cut off, or be "
            "the page that asks to sign in."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def read_member(path: Path, name: str, *, most: int) -> bytes:
    """Return at most `most` bytes of the member `name` of the zip file at `path`.

    The archive stays open for the next member, and is opened again when its size or its time of
    change is another. Any number of threads may read at once.

    Raises:
        ImageError: The archive or the member is missing, damaged, encrypted, or packed by a method
            that Python does not know.
        OSError: The file cannot be read.
    """
    try:
        with _open.reader(path, name) as member:
            # Read by count: the size that the archive states may be a lie.
            return member.read(most)
    except KeyError:
        raise ImageError(f"the archive holds no {name!r}") from None
    except (RuntimeError, NotImplementedError) as error:  # encrypted; unknown compression
        raise ImageError(f"the archive cannot be unpacked: {error}") from None
    except NOT_UNPACKED:
        raise ImageError("the archive is damaged or no zip file") from None


def unpacked_member(path: Path, info: zipfile.ZipInfo) -> Path:
    """Return a file in the cache that holds what the member `info` of the zip file at `path` does.

    For the few members that must be read at any place, such as an archive inside an archive.

    Raises:
        DataError: The member cannot be unpacked.
        RunError: The cache cannot be written to.
    """

    def unpack(copy: Path) -> None:
        try:
            with _open.reader(path, info.filename) as member, copy.open("wb") as file:
                shutil.copyfileobj(member, file)
        except (RuntimeError, *NOT_UNPACKED) as error:
            raise DataError(f"{info.filename} in {path} cannot be unpacked: {error}") from error

    # The checksum keeps members of one name in two folders apart.
    name = PurePosixPath(info.filename)
    return cached_file(path, f"{name.stem}-{info.CRC:08x}{name.suffix}", unpack)
