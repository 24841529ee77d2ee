"""The record of an image store, by which it is known to be whole, and listed without its pixels."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["read_record", "recorded_images", "write_record"]

RECORD = "store.json"


def write_record(store: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a store, with its seal, down to the disk.

    Raises:
        OSError: No room, or no right to write.
    """
    # JSON's keys are text, and stand in another order than the numbers that they may come from.
    kept = json.loads(json.dumps(record))
    with (store / RECORD).open("w", encoding="utf-8") as file:
        file.write(json.dumps({**kept, "seal": _seal(kept)}, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_record(store: Path) -> dict[str, Any]:
    """Return what `write_record` was given, as JSON keeps it.

    Raises:
        OSError: There is none that can be read.
        ValueError: It is damaged.
    """
    record = json.loads((store / RECORD).read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.pop("seal", None) != _seal(record):
        raise ValueError(f"{store / RECORD} is not as it was written")
    return record


def recorded_images(store: Path) -> int | None:
    """Return how many images a store says that it holds; `None` where it is no store."""
    try:
        record = json.loads((store / RECORD).read_text(encoding="utf-8"))
        return int(record["shape"][0])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def _seal(record: Mapping[str, Any]) -> str:
    """SHA-256 of what the record says."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
