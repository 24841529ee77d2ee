"""Results that appear while images are looked at, so that a command that is killed can go on.

Files are appended to, and `cellclf.inference.journal` says up to where they belong together.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from cellclf.data.stain_focus import MEASURES
from cellclf.errors import RunError
from cellclf.evaluation.prediction_files import Sidecar, sidecar_of
from cellclf.files import replacing, require_writable, write_text
from cellclf.inference.inputs import Inputs
from cellclf.inference.journal import (
    DONE,
    JOURNAL,
    LOCK,
    LOOKS,
    ROWS,
    UNREADABLE,
    UNREADABLE_HEADER,
    Journal,
    is_in_place,
    unreadable_of,
    working_folder,
)
from cellclf.inference.parts import Part
from cellclf.inference.row_formats import csv_line, row_format
from cellclf.inference.totals import Counts

__all__ = ["Results"]

COMMIT_SECONDS = 0.5
"""How soon the journal says again how far the work has come."""

LOOK = np.dtype(("<f4", MEASURES + 1))
"""What is kept of an image for the drift: its looks, and the number of its class."""

LOOKS_AT_A_TIME = 1 << 14
"""Images: half a megabyte."""

DIGEST_BYTES = 16
"""Of a fingerprint: of a thousand million ids, no two agree by chance."""


class Results:
    """Results that are being written. One process at a time; a context, left with what is done.

    Args:
        out: The result: `.csv`, `.parquet` or `.jsonl`.
        journal: How far the work has come: what `stopped` gave, or the beginning of new work.
        classes: Class names, in the order of the network's outputs.

    Raises:
        RunError: The place cannot be written to, another process writes there, or what is there is
            not what the journal says.

    Attributes:
        journal: How far the work has come.
        complete: An earlier process was killed when the result was in its place already.
    """

    def __init__(self, out: Path, journal: Journal, classes: tuple[str, ...]) -> None:
        self.journal = journal
        self.complete = is_in_place(out, journal)
        self._out = out
        self._folder = working_folder(out)
        self._format = row_format(out)
        self._counts = journal.counts
        self._done = journal.done
        self._committed = time.monotonic()
        self._failed = False
        self._files: dict[str, BinaryIO] = {}
        with self._writing():
            require_writable(self._folder.parent)
            self._folder.mkdir(exist_ok=True)
        self._lock = FileLock(self._folder / LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunError(
                f"another process writes to {out}: wait for it, or choose another name"
            ) from None
        if self.complete:
            return
        begins = {self._rows.name: self._format.header(classes), UNREADABLE: UNREADABLE_HEADER}
        try:
            with self._writing():
                self._note(finished=False)  # before any file: a folder without it is not ours
                for name in (self._rows.name, UNREADABLE, LOOKS, DONE):
                    self._open(name, begins.get(name, b""))
                self.commit()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._files and not self._failed:
            with suppress(RunError):  # what was committed before is still there
                self.commit()
        self._close()

    def left(self, inputs: Inputs) -> Inputs:
        """Return the images that are not done yet.

        Raises:
            RunError: Images are done that are not among them.
        """
        if not self._done:
            return inputs
        content = (self._folder / DONE).read_bytes()
        starts = range(0, len(content), DIGEST_BYTES)
        done = {content[start : start + DIGEST_BYTES] for start in starts}
        left = [place for place, name in enumerate(inputs.ids()) if _digest(name) not in done]
        missing = len(done) - (len(inputs) - len(left))
        if missing:
            raise RunError(
                f"{self._folder} holds results of {missing:,} images that are not named now. Name "
                "the same images to go on, or remove it to begin anew"
            )
        return inputs.chosen(left)

    def add(self, part: Part) -> None:
        """Append what came of one more part.

        Raises:
            RunError: It cannot be written. What was written before is kept.
        """
        with self._writing():
            self._files[self._rows.name].write(self._format.rows(part))
            pairs = part.unreadable.items()
            self._files[UNREADABLE].write(b"".join(map(csv_line, pairs)))
            if part.looks is not None:
                looks = np.concatenate([part.looks, part.top[:, None]], axis=1, dtype=np.float32)
                self._files[LOOKS].write(looks.astype(LOOK.base).tobytes())
            self._files[DONE].write(b"".join(map(_digest, part.asked)))
        self._done += len(part.asked)
        self._counts = self._counts.plus(part)
        if time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Let what has been appended belong to what is done.

        Raises:
            RunError: It cannot be written. What was committed before is kept.
        """
        with self._writing():
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            self._note(finished=False)
        self._committed = time.monotonic()

    def looks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
        """Of some images at a time, what they look like, and what they are taken for."""
        with self._writing():
            self._files[LOOKS].flush()
        with (self._folder / LOOKS).open("rb") as file:
            while len(content := file.read(LOOKS_AT_A_TIME * LOOK.itemsize)):
                found = np.frombuffer(content, LOOK.base).reshape(-1, MEASURES + 1)
                yield found[:, :MEASURES], found[:, MEASURES].astype(np.intp)

    def finish(self, sidecar: Sidecar) -> tuple[Path, ...]:
        """Put the result into its place, and remove the working folder.

        Args:
            sidecar: What the rows do not say of themselves.

        Returns:
            The files, the result first.

        Raises:
            RunError: The place cannot be written to. What is done is kept.
        """
        self.commit()
        written = [self._out, sidecar_of(self._out)]
        with self._writing():
            for file in self._files.values():
                file.close()
            self._files = {}
            whole = self._format.finish(self._rows)
            self._note(finished=True)
            write_text(sidecar_of(self._out), sidecar.model_dump_json(indent=2) + "\n")
            listed = unreadable_of(self._out)
            if self._counts.unreadable:
                with replacing(listed) as unfinished:
                    shutil.copyfile(self._folder / UNREADABLE, unfinished)
                written.append(listed)
            else:
                listed.unlink(missing_ok=True)  # of an earlier result of this name
            whole.replace(self._out)
        self.discard()
        return tuple(written)

    def discard(self) -> None:
        """Remove the working folder."""
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def counts(self) -> Counts:
        """What came of the images so far."""
        return self._counts

    @property
    def _rows(self) -> Path:
        return self._folder / f"{ROWS}{self._format.working_suffix}"

    def _open(self, name: str, begin: bytes) -> None:
        """Open a file to append to, less what no commit knows of."""
        path = self._folder / name
        wanted = self.journal.bytes.get(name)
        file = path.open("wb" if wanted is None else "r+b")
        self._files[name] = file
        if wanted is None:
            file.write(begin)
            return
        if file.seek(0, os.SEEK_END) < wanted:
            raise RunError(f"{path} is damaged: remove {self._folder} to begin anew")
        file.truncate(wanted)
        file.seek(wanted)

    def _note(self, *, finished: bool) -> None:
        lengths = {name: file.tell() for name, file in self._files.items()}
        self.journal = self.journal.model_copy(
            update={
                "done": self._done,
                "bytes": lengths or self.journal.bytes,
                "counts": self._counts,
                "finished": finished,
            }
        )
        write_text(self._folder / JOURNAL, self.journal.model_dump_json(indent=2) + "\n")

    def _close(self) -> None:
        for file in self._files.values():
            with suppress(OSError):  # a full disk; said before
                file.close()
        self._files = {}
        self._lock.release()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RunError) as error:
            self._failed = True
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            raise RunError(
                f"{self._folder} cannot be written: {cause.strerror or cause}. Make room in this "
                "place, and go on with --resume (`resume=True` in Python), or choose another one"
            ) from cause


def _digest(name: str) -> bytes:
    content = name.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
