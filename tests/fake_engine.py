"""An engine that hands a network to Keras under another name, and some that do not do it right."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.specs import EngineSpec, Params

__all__ = ["CONVERSIONS", "FAILING", "FAKE", "MISSING", "WRONG"]

TOKEN = "token.txt"

CONVERSIONS: list[str] = []
"""Name of each network that was converted."""

NETWORKS: dict[str, keras.Model] = {}

Run = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Keep the network for the life of the process, and in the folder how it is found again."""
    del params
    token = uuid.uuid4().hex
    NETWORKS[token] = network
    CONVERSIONS.append(metadata["model"])
    (folder / TOKEN).write_text(token, encoding="utf-8")


def open_network(folder: Path, params: Params) -> Run:
    """Compute it with Keras."""
    del params
    network = NETWORKS[(folder / TOKEN).read_text(encoding="utf-8")]

    def run(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        given: dict[str, Any] = network.predict_on_batch(images)
        return {name: np.asarray(array) for name, array in given.items()}

    return run


def open_wrong(folder: Path, params: Params) -> Run:
    """Compute it, and give the logits in another order."""
    run = open_network(folder, params)
    return lambda images: {name: array[:, ::-1] for name, array in run(images).items()}


def fail(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Convert nothing."""
    del network, params, metadata
    (folder / "half.bin").write_bytes(b"half")
    raise RuntimeError("an operation is not known")


def _spec(name: str, *, converted_by: str, opened_by: str, requires: str = "numpy") -> EngineSpec:
    return EngineSpec(
        name=name,
        summary="For tests",
        convert=f"tests.fake_engine:{converted_by}",
        open=f"tests.fake_engine:{opened_by}",
        requires=(requires,),
    )


FAKE = _spec("fake", converted_by="convert", opened_by="open_network")
WRONG = _spec("wrong", converted_by="convert", opened_by="open_wrong")
FAILING = _spec("failing", converted_by="fail", opened_by="open_network")
MISSING = _spec(
    "missing", converted_by="convert", opened_by="open_network", requires="no-such-package-here"
)
