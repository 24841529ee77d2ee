"""Engines with one fault each: NumPy computes the network of one convolution that checks use."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cellclf.specs import EngineSpec
from tests.testing.wrong.case import Wrong

__all__ = ["RIGHT", "WRONG"]

FILE = "numbers.npz"
STRIDE = 2
MOST_AT_ONCE = 8


def convert(network: Any, folder: Path, params: Any, *, metadata: Any) -> None:
    arrays = {variable.path.replace("/", "."): variable.numpy() for variable in network.weights}
    np.savez(folder / FILE, **arrays)


def convert_elsewhere(network: Any, folder: Path, params: Any, *, metadata: Any) -> None:
    convert(network, folder, params, metadata=metadata)
    (folder / "where.txt").write_text(str(folder / FILE), encoding="utf-8")


def convert_aloud(network: Any, folder: Path, params: Any, *, metadata: Any) -> None:
    convert(network, folder, params, metadata=metadata)
    sys.stdout.write("numbers are written\n")


def failing(network: Any, folder: Path, params: Any, *, metadata: Any) -> None:
    raise RuntimeError("an operation is not known")


def computed(file: Path) -> Any:
    with np.load(file) as arrays:
        numbers = dict(arrays)

    def run(images: Any) -> dict[str, Any]:
        x = images.astype(np.float32) / 255
        windows = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::STRIDE, ::STRIDE]
        x = np.einsum("bijcuv,uvco->bijo", windows, numbers["stem.kernel"]) + numbers["stem.bias"]
        features = np.maximum(x, 0).mean(axis=(1, 2), dtype=np.float32)
        logits = features @ numbers["logits.kernel"] + numbers["logits.bias"]
        return {"logits": logits, "features": features}

    return run


def open_numbers(folder: Path, params: Any) -> Any:
    """What is right."""
    return computed(folder / FILE)


def open_elsewhere(folder: Path, params: Any) -> Any:
    return computed(Path((folder / "where.txt").read_text(encoding="utf-8")))


def open_turned(folder: Path, params: Any) -> Any:
    run = computed(folder / FILE)
    return lambda images: {name: array[:, ::-1] for name, array in run(images).items()}


def open_unnamed(folder: Path, params: Any) -> Any:
    run = computed(folder / FILE)
    return lambda images: {"output_0": run(images)["logits"], "output_1": run(images)["features"]}


def open_fixed(folder: Path, params: Any) -> Any:
    run = computed(folder / FILE)

    def limited(images: Any) -> Any:
        if len(images) > MOST_AT_ONCE:
            raise ValueError(f"a batch of at most {MOST_AT_ONCE} was compiled")
        return run(images)

    return limited


def open_sharing(folder: Path, params: Any) -> Any:
    run = computed(folder / FILE)
    kept: dict[tuple[str, int], Any] = {}

    def shared(images: Any) -> Any:
        for name, array in run(images).items():
            kept.setdefault((name, len(images)), np.empty_like(array))[:] = array
        return {name: array for (name, number), array in kept.items() if number == len(images)}

    return shared


def open_with_keras(folder: Path, params: Any) -> Any:
    sys.modules.setdefault("keras", ModuleType("keras"))
    return computed(folder / FILE)


RIGHT = EngineSpec(
    name="numbers",
    summary="For a test",
    convert=f"{__name__}:convert",
    open=f"{__name__}:open_numbers",
    requires=("numpy",),
    file=FILE,
)


def _opened(fault: str, check: str, function: str) -> Wrong:
    return Wrong(fault=fault, check=check, spec=replace(RIGHT, open=f"{__name__}:{function}"))


WRONG = (
    _opened("outputs are swapped", "gives_what_keras_gives", "open_turned"),
    _opened("outputs have other names", "converts_and_opens", "open_unnamed"),
    _opened("a batch of one size", "any_number_of_images_is_taken", "open_fixed"),
    _opened("one buffer for all calls", "calls_leave_each_other_alone", "open_sharing"),
    _opened("Keras is imported", "opens_anywhere_without_keras", "open_with_keras"),
    Wrong(
        fault="the folder may not move",
        check="opens_anywhere_without_keras",
        spec=replace(
            RIGHT,
            convert=f"{__name__}:convert_elsewhere",
            open=f"{__name__}:open_elsewhere",
        ),
    ),
    Wrong(
        fault="the terminal is written to",
        check="nothing_is_written_to_the_terminal",
        spec=replace(RIGHT, convert=f"{__name__}:convert_aloud"),
    ),
    Wrong(
        fault="nothing can be converted",
        check="converts_and_opens",
        spec=replace(RIGHT, convert=f"{__name__}:failing"),
    ),
    Wrong(
        fault="something is not installed",
        check="requirements_are_installed",
        spec=replace(RIGHT, requires=("no-such-package-here",)),
    ),
    Wrong(
        fault="another file than it says",
        check="folder_holds_its_file",
        spec=replace(RIGHT, file="model.onnx"),
    ),
)
