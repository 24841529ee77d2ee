"""Where an export goes: a folder, or a file with its record beside, that appears whole or not."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellclf.errors import EngineError, RunError
from cellclf.files import require_writable, write_text

__all__ = ["RECORD", "ExportPlace"]

RECORD = "cellclf.json"
"""Name of the record in the folder of an export, and how it ends beside a file."""


@dataclass(frozen=True, kw_only=True)
class ExportPlace:
    """A place that nothing stands at yet.

    Attributes:
        path: The folder, or the file.
        file: Name of the file that opens the format; empty where the folder itself does.
        is_file: It is that file alone which is wanted.
    """

    path: Path
    file: str
    is_file: bool

    @classmethod
    def of(cls, path: Path, file: str) -> ExportPlace:
        """Read from a name whether the folder or the file is wanted: by the suffix of the file."""
        suffix = Path(file).suffix
        return cls(
            path=path, file=file, is_file=bool(suffix) and path.suffix.lower() == suffix.lower()
        )

    @property
    def record(self) -> Path:
        """Where the record goes."""
        if self.is_file:
            return self.path.with_name(f"{self.path.name}.{RECORD}")
        return self.path / RECORD

    def require_free(self) -> None:
        """Make sure that nothing would be overwritten, and that the place can be written to.

        Raises:
            RunError: Something would, or it cannot.
        """
        for path in (self.path, self.record):
            if path.exists() or path.is_symlink():
                raise RunError(f"{path} is there already: give another name, or remove it")
        require_writable(self.path.parent)

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Give an empty folder to write into, beside the place; it is gone afterwards."""
        draft = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.partial")
        try:
            draft.mkdir()
            yield draft
        except OSError as error:
            raise RunError(f"{self.path} cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def finish(self, draft: Path, record: str) -> None:
        """Let what a draft holds appear.

        Args:
            draft: What `draft` gave.
            record: What goes beside it.

        Raises:
            EngineError: A file is wanted, and the format is more than one.
            RunError: Somebody else has put something there meanwhile.
        """
        written = sorted(path.name for path in draft.iterdir())
        if self.is_file and written != [self.file]:
            raise EngineError(
                f"a format that is more than one file ({', '.join(written)}) must go into a "
                f"folder. Received: {self.path}"
            )
        self.require_free()
        if self.is_file:
            write_text(self.record, record)
            (draft / self.file).rename(self.path)
        else:
            write_text(draft / RECORD, record)
            draft.rename(self.path)
