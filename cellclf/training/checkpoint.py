"""Where a fit stands after an epoch, in one file that appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cellclf.errors import RunError
from cellclf.files import partials_in, replacing
from cellclf.training.history import EpochRow

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches
    from cellclf.experiment import TrainingSettings

__all__ = [
    "CHECKPOINT_NAME",
    "Arrays",
    "Checkpoint",
    "UnusableCheckpointError",
    "assign",
    "discard_checkpoint",
    "fingerprint",
    "read_checkpoint",
    "values_of",
    "write_checkpoint",
]

CHECKPOINT_NAME = "checkpoint.safetensors"
SCHEMA = "1"

Arrays = list[NDArray[Any]]


class UnusableCheckpointError(Exception):
    """A checkpoint that a fit cannot go on from; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that the rest of a fit depends on.

    Attributes:
        rows: The epochs so far.
        model: All variables of the model, the state of its dropout layers included.
        optimizer: All variables of the optimiser.
        best: The model's weights after its best epoch so far.
    """

    rows: tuple[EpochRow, ...]
    model: Arrays
    optimizer: Arrays
    best: Arrays


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


def fingerprint(
    model: keras.Model,
    batches: TrainingBatches,
    *,
    judged_on: NDArray[np.intp],
    settings: TrainingSettings,
    learning_rate: float,
) -> str:
    """Return what two fits must share for one to go on from the other's checkpoint.

    It covers the settings, the network's variables by name and shape, the backend, the number of
    batches, the content of the first one (and so the seed, the augmentation and the images that
    it draws on) and what is validated on, `judged_on`.
    """
    described = {
        "settings": settings.model_dump(mode="json"),
        "learning_rate": learning_rate,
        "backend": keras.backend.backend(),
        "weights": [(weight.path, list(weight.shape)) for weight in model.weights],
        "trainable": len(model.trainable_variables),
        "batches": len(batches),
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for array in (*batches.batch(0, 0), judged_on):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def write_checkpoint(path: Path, checkpoint: Checkpoint, *, mark: str) -> None:
    """Put `checkpoint` at `path`, in place of what was there, once all of it is on disk.

    Args:
        path: The file.
        checkpoint: What to keep.
        mark: The fit's `fingerprint`.

    Raises:
        RunError: It could not be written; what was at `path` before is still there.
    """
    tensors = {
        f"{group}/{number}": value
        for group in ("model", "optimizer", "best")
        for number, value in enumerate(getattr(checkpoint, group))
    }
    metadata = {
        "schema": SCHEMA,
        "fingerprint": mark,
        "rows": json.dumps([asdict(row) for row in checkpoint.rows]),
    }
    try:
        with replacing(path) as partial:
            save_file(tensors, partial, metadata=metadata)
    except SafetensorError as error:
        raise RunError(f"{path} cannot be written: {error}") from error


def discard_checkpoint(directory: Path) -> None:
    """Remove the checkpoint of a fit whose weights are safe elsewhere."""
    path = directory / CHECKPOINT_NAME
    path.unlink(missing_ok=True)
    # A process that was killed while it wrote leaves its part.
    for partial, whole in partials_in(directory):
        if whole == path:
            partial.unlink(missing_ok=True)


def read_checkpoint(path: Path, *, mark: str) -> Checkpoint | None:
    """Return the checkpoint at `path`; `None` where there is none.

    Raises:
        UnusableCheckpointError: It is damaged, or not of the fit whose `fingerprint` is `mark`.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as stored:
            metadata = stored.metadata() or {}
            if (metadata.get("schema"), metadata.get("fingerprint")) != (SCHEMA, mark):
                raise UnusableCheckpointError("it was made by a fit with other settings or data")
            rows = tuple(EpochRow(**row) for row in json.loads(metadata["rows"]))
            arrays: dict[str, Arrays] = {"model": [], "optimizer": [], "best": []}
            for name in sorted(stored.keys(), key=lambda name: int(name.partition("/")[2])):
                arrays[name.partition("/")[0]].append(stored.get_tensor(name))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableCheckpointError(f"it cannot be read ({error})") from error
    if not rows:
        raise UnusableCheckpointError("it holds no epoch")
    return Checkpoint(rows=rows, **arrays)
