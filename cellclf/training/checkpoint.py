"""Where a fit stands, on disk: two generations, each of which appears whole or not at all."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cellclf.errors import RunError
from cellclf.files import partials_in, replacing
from cellclf.training.history import EpochRow, best_of

__all__ = [
    "Arrays",
    "Checkpoint",
    "Checkpoints",
    "UnusableCheckpointError",
    "assign",
    "discard_checkpoints",
    "values_of",
]

STATE, BEST = "checkpoint", "best"
"""How the names of the two kinds of file begin."""

SUFFIX = ".safetensors"
NAME = re.compile(rf"({STATE}|{BEST})-[0-9-]+{re.escape(SUFFIX)}")
SCHEMA = "2"

GENERATIONS = 2
"""Where the newest cannot be read, the one before it can: a disk may lose what it said it wrote."""

STATE_GROUPS = ("model", "optimizer", "metrics")
NUMBERS = ("epoch_seconds", "seconds", "share")

Arrays = list[NDArray[Any]]


class UnusableCheckpointError(Exception):
    """A checkpoint that a fit cannot go on from; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that the rest of a fit depends on.

    Attributes:
        rows: The epochs done.
        batch: Batches done of the epoch after them.
        epoch_seconds: Time that those batches took.
        seconds: Time that the fit took so far.
        share: Of the schedule that is behind, where the fit goes by the clock; else 0.
        model: All variables of the model, the state of its dropout layers included.
        optimizer: All variables of the optimiser, the averaged weights included.
        metrics: All variables of the metrics: sums over the batches of the unfinished epoch.
        best: The model's weights after its best epoch; before the first, those it began with.
    """

    rows: tuple[EpochRow, ...]
    batch: int
    epoch_seconds: float
    seconds: float
    share: float
    model: Arrays
    optimizer: Arrays
    metrics: Arrays
    best: Arrays

    @property
    def best_epoch(self) -> int:
        """Number of the epoch that `best` is of; 0 for the weights that the fit began with."""
        return best_of(self.rows).epoch if self.rows else 0


def values_of(variables: Iterable[keras.Variable]) -> Arrays:
    """Return copies of the variables' values; later training does not change them."""
    # The copy is made first because NumPy reads a tensor, not a variable, without a warning.
    return [np.array(keras.ops.convert_to_numpy(keras.ops.copy(v))) for v in variables]


def assign(variables: Sequence[keras.Variable], values: Arrays) -> None:
    """Give each variable its value.

    Raises:
        UnusableCheckpointError: The values do not fit; no variable is changed then.
    """
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise UnusableCheckpointError("its arrays do not fit this network")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Checkpoints:
    """The checkpoints of one fit, in a folder.

    The best weights lie in a file of their own, which is written only when they change. A state
    names the best epoch that it goes with, and is written after that file.

    Args:
        folder: Where they are; made where it does not exist.
        mark: What two fits must share for one to go on from the other's checkpoint.
    """

    def __init__(self, folder: Path, *, mark: str) -> None:
        self._folder = folder
        self._mark = mark

    def write(self, checkpoint: Checkpoint) -> None:
        """Add one, and remove what is older than the one before it.

        Raises:
            RunError: It could not be written; those that were there still are.
        """
        best = self._best(checkpoint.best_epoch)
        if not best.exists():
            self._save(best, {BEST: checkpoint.best}, {})
        self._save(
            self._folder / f"{STATE}-{len(checkpoint.rows):06}-{checkpoint.batch:09}{SUFFIX}",
            {group: getattr(checkpoint, group) for group in STATE_GROUPS},
            {
                "rows": json.dumps([asdict(row) for row in checkpoint.rows]),
                "batch": str(checkpoint.batch),
                **{name: repr(getattr(checkpoint, name)) for name in NUMBERS},
            },
        )
        self._forget_old()

    def read(self) -> tuple[Checkpoint | None, list[str]]:
        """Return the newest that can be used, and for each newer file why it cannot."""
        reasons: list[str] = []
        for path in self._states():
            try:
                return self._read(path), reasons
            except UnusableCheckpointError as reason:
                reasons.append(f"{path}: {reason}")
        return None, reasons

    def clear(self) -> None:
        """Remove all of them: they are of another fit, or damaged."""
        discard_checkpoints(self._folder)

    def _read(self, path: Path) -> Checkpoint:
        arrays, metadata = self._load(path, STATE_GROUPS)
        try:
            rows = tuple(EpochRow(**row) for row in json.loads(metadata["rows"]))
            batch = int(metadata["batch"])
            epoch_seconds, seconds, share = (float(metadata[name]) for name in NUMBERS)
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableCheckpointError(f"it cannot be read ({error})") from error
        best, _ = self._load(self._best(best_of(rows).epoch if rows else 0), (BEST,))
        return Checkpoint(
            rows=rows,
            batch=batch,
            epoch_seconds=epoch_seconds,
            seconds=seconds,
            share=share,
            model=arrays["model"],
            optimizer=arrays["optimizer"],
            metrics=arrays["metrics"],
            best=best[BEST],
        )

    def _states(self) -> list[Path]:
        """Newest first."""
        return sorted(filter(_is_ours, self._folder.glob(f"{STATE}-*{SUFFIX}")), reverse=True)

    def _best(self, epoch: int) -> Path:
        return self._folder / f"{BEST}-{epoch:06}{SUFFIX}"

    def _save(self, path: Path, groups: Mapping[str, Arrays], metadata: Mapping[str, str]) -> None:
        tensors = {
            f"{group}/{number}": value
            for group, values in groups.items()
            for number, value in enumerate(values)
        }
        described = {
            **metadata,
            "schema": SCHEMA,
            "fingerprint": self._mark,
            "checksum": _checksum(tensors),
        }
        try:
            with replacing(path) as partial:
                save_file(tensors, partial, metadata=described)
        except SafetensorError as error:
            raise RunError(f"{path} cannot be written: {error}") from error

    def _load(
        self, path: Path, groups: Sequence[str]
    ) -> tuple[dict[str, Arrays], Mapping[str, str]]:
        try:
            with safe_open(path, framework="numpy") as stored:
                metadata: Mapping[str, str] = stored.metadata() or {}
                if (metadata.get("schema"), metadata.get("fingerprint")) != (SCHEMA, self._mark):
                    raise UnusableCheckpointError(
                        "it was made by a fit with other settings or data"
                    )
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise UnusableCheckpointError(f"it cannot be read ({error})") from error
        if metadata.get("checksum") != _checksum(tensors):
            raise UnusableCheckpointError("it cannot be read (its numbers have changed)")
        arrays: dict[str, Arrays] = {group: [] for group in groups}
        for name in sorted(tensors, key=_number):
            arrays[name.partition("/")[0]].append(tensors[name])
        return arrays, metadata

    def _forget_old(self) -> None:
        states = self._states()
        for path in states[GENERATIONS:]:
            path.unlink(missing_ok=True)
        needed = {self._best_named_by(path) for path in states[:GENERATIONS]}
        for path in filter(_is_ours, self._folder.glob(f"{BEST}-*{SUFFIX}")):
            if path not in needed:
                path.unlink(missing_ok=True)

    def _best_named_by(self, path: Path) -> Path | None:
        try:
            with safe_open(path, framework="numpy") as stored:
                rows = [EpochRow(**row) for row in json.loads(stored.metadata()["rows"])]
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            return None
        return self._best(best_of(rows).epoch if rows else 0)


def discard_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of fits whose weights are safe elsewhere, and what kills left of them.

    Args:
        folder: Theirs, or one above.
    """
    for place in [folder, *filter(Path.is_dir, folder.rglob("*"))]:
        partials = [partial for partial, whole in partials_in(place) if _is_ours(whole)]
        for path in [*partials, *filter(_is_ours, place.glob(f"*{SUFFIX}"))]:
            path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    return NAME.fullmatch(path.name) is not None and not path.is_dir()


def _number(name: str) -> int:
    return int(name.partition("/")[2])


def _checksum(tensors: Mapping[str, NDArray[Any]]) -> str:
    """CRC-32 of all arrays by name: against accidents, not against malice."""
    value = 0
    for name in sorted(tensors):
        flat = np.ascontiguousarray(tensors[name]).reshape(-1)
        value = zlib.crc32(flat.view(np.uint8).data, value)
    return f"{value:08x}"
