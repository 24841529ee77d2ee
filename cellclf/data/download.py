"""Getting one file of known content: checked, resumed, in its place whole or not at all."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellclf.data.alone import alone
from cellclf.data.transfer import BrokenOffError, NotServedError, Partial, transfer
from cellclf.errors import DataError, PluginError, RunError, sentences
from cellclf.progress import Progress, Silent, Task

__all__ = ["download"]

MEBIBYTE = 1 << 20
LONGEST = 1 << 36
"""Longest file that is taken where its size is not known: 64 GiB, above every set of cells."""

ATTEMPTS = 3
"""How often in a row an address may give nothing before the next is tried."""

FIRST_WAIT_SECONDS = 0.5
"""Before the second attempt; each later wait is twice as long."""


def download(
    url: str | Sequence[str],
    to: Path,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    size: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Bring a file of known content to `to`.

    A file that is there and right is not fetched again. What an interrupted download has brought
    stays beside `to` as `NAME.part`, and the next call goes on from it where the server allows;
    otherwise it begins again. `to` appears, by a rename, when the checksum is right.

    Args:
        url: The address (`https`), or several of the same file, tried in turn.
        to: The file to make; missing folders are made.
        sha256: SHA-256 of the content in hexadecimal. This or `md5` must be given: a file whose
            content is not known beforehand could be anything.
        md5: MD5 of the content, where its publisher states no better sum. It tells a damaged file,
            not a forged one.
        size: Length in bytes; another is refused before it is fetched.
        progress: Told how much has come, in MiB.

    Returns:
        `to`.

    Raises:
        DataError: No address gives the file, or what it gives is another; or `to` exists and is;
            or another process is fetching it.
        RunError: `to` cannot be written, or there is no room.
        PluginError: Neither sum is given.
    """
    expected = _Content.of(sha256=sha256, md5=md5, size=size)
    progress = Silent() if progress is None else progress
    addresses = (url,) if isinstance(url, str) else tuple(url)
    try:
        with alone(to):
            if to.exists():
                _require_right(to, expected)
                progress.say(f"{to} is there already")
            else:
                _download(addresses, to, expected, progress)
    except OSError as error:
        raise RunError(
            f"{to} cannot be written: {error.strerror or error}. Choose another place, or make "
            "room in this one"
        ) from error
    return to


def _download(addresses: Sequence[str], to: Path, expected: _Content, progress: Progress) -> None:
    partial = Partial(path=to.with_name(f"{to.name}.part"))
    _require_room(to, expected, partial)
    _fetch(addresses, partial, expected, progress)
    with partial.path.open("rb+") as file:
        os.fsync(file.fileno())
    partial.place(to)


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What the file has to be."""

    algorithm: str
    digest: str
    size: int | None

    @classmethod
    def of(cls, *, sha256: str | None, md5: str | None, size: int | None) -> _Content:
        for algorithm, digest in (("sha256", sha256), ("md5", md5)):
            if digest:
                return cls(algorithm=algorithm, digest=digest.lower(), size=size)
        raise PluginError(
            "`download` must be given `sha256` or `md5`, as the publisher states it. Received: "
            "neither. Without a sum nobody can tell what has come: say in `obtain` how a person "
            "gets the file"
        )

    @property
    def most(self) -> int:
        return LONGEST if self.size is None else self.size

    def digest_of(self, path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, self._new).hexdigest()

    def _new(self) -> hashlib._Hash:
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def is_in(self, path: Path) -> bool:
        if self.size is not None and path.stat().st_size != self.size:
            return False
        return self.digest_of(path) == self.digest


def _require_right(path: Path, expected: _Content) -> None:
    if not path.is_file() or not expected.is_in(path):
        raise DataError(
            f"{path} is in the way: it must be the published file, with the {expected.algorithm} "
            f"sum {expected.digest}, and is something else. Move it away, or choose another folder"
        )


def _require_room(to: Path, expected: _Content, partial: Partial) -> None:
    if expected.size is None:
        return
    missing = expected.size - partial.size
    made = next(folder for folder in to.absolute().parents if folder.exists())
    free = shutil.disk_usage(made).free
    if missing > free:
        raise RunError(
            f"{to.parent} must have room for {missing:,} bytes more. Received: {free:,} free. "
            "Make room, or choose another folder"
        )


def _fetch(
    addresses: Sequence[str], partial: Partial, expected: _Content, progress: Progress
) -> None:
    """Fill `partial` with the expected content."""
    failures: list[tuple[str, Exception]] = []
    for number, url in enumerate(addresses):
        if number:
            progress.warn(f"{': '.join(map(str, failures[-1]))}; trying {url}")
        try:
            _fetch_from(url, partial, expected, progress)
        except (NotServedError, BrokenOffError) as error:
            failures.append((url, error))
        else:
            return
    raise DataError(_said(failures, partial))


def _said(failures: Sequence[tuple[str, Exception]], partial: Partial) -> str:
    to = partial.path.with_name(partial.path.name.removesuffix(".part"))
    reasons = "; ".join(f"{url}: {error}" for url, error in failures)
    said = [f"{to.name} could not be fetched", reasons]
    if kept := partial.size // MEBIBYTE:
        said.append(f"The {kept} MiB that came are kept: the same again goes on from there")
    if any(isinstance(error, BrokenOffError) for _, error in failures):
        said.append("Is this machine connected to the internet?")
    made = "" if to.parent.is_dir() else f"make the folder {to.parent}, "
    said.append(f"Otherwise fetch the file in another way, {made}and put it here: {to}")
    return sentences(*said)


def _fetch_from(url: str, partial: Partial, expected: _Content, progress: Progress) -> None:
    resumed = partial.size > 0
    _receive(url, partial, expected, progress)
    if expected.is_in(partial.path):
        return
    if resumed:
        # The earlier part may have been of something else: once more, all from one source.
        progress.warn(f"the part of {partial.path.name} kept from earlier does not fit: once more")
        partial.remove()
        _receive(url, partial, expected, progress)
        if expected.is_in(partial.path):
            return
    found, length = expected.digest_of(partial.path), partial.size
    partial.remove()
    raise NotServedError(
        f"what it gives must have the {expected.algorithm} sum {expected.digest}. Received: {found}"
        f" ({length:,} bytes), which was removed: it was damaged on the way, or is another version"
    )


def _receive(url: str, partial: Partial, expected: _Content, progress: Progress) -> None:
    """Bring all bytes, going on after interruptions as long as there is some progress."""
    failures = 0
    with _Count.of(partial, progress) as count:
        while True:
            before = partial.size
            try:
                if not before or before != expected.size:
                    transfer(url, partial, size=expected.size, most=expected.most, tally=count)
                if expected.size is None or partial.size == expected.size:
                    return
                raise BrokenOffError("the connection broke")
            except BrokenOffError:
                if partial.size > before:  # what goes on goes on at once
                    failures = 0
                    continue
                failures += 1
                if failures >= ATTEMPTS:
                    raise
            time.sleep(FIRST_WAIT_SECONDS * 2 ** (failures - 1))


@dataclass
class _Count:
    """A tally that tells a task, opened when the length is known, in whole MiB."""

    name: str
    progress: Progress
    stack: ExitStack
    task: Task | None = None
    bytes: int = 0
    told: int = 0

    @classmethod
    @contextmanager
    def of(cls, partial: Partial, progress: Progress) -> Iterator[_Count]:
        with ExitStack() as stack:
            yield cls(partial.path.name.removesuffix(".part"), progress, stack)

    def starts(self, held: int, length: int) -> None:
        if self.task is None:
            total = math.ceil(length / MEBIBYTE)
            self.task = self.stack.enter_context(self.progress.task(f"{self.name}, MiB", total))
        self.add(held - self.bytes)

    def add(self, count: int) -> None:
        self.bytes += count
        whole = math.ceil(self.bytes / MEBIBYTE)
        if self.task is not None and whole != self.told:
            self.task.advance(whole - self.told)
            self.told = whole
