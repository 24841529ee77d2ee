"""A dataset to try the conformance kit on: right by default, wrong in one way if asked."""

from __future__ import annotations

import random
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field

from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError
from cellclf.specs import DatasetSpec, Params
from cellclf.terms import part_named

OBTAIN = "Draw some shapes, or ask a friend for theirs."


class ShapeParams(Params):
    """Which fault the loader has."""

    fault: str = Field("", description="Name of the one fault; none where empty.")


class LooseParams(Params):
    """Parameters that swallow what they do not know."""

    model_config = ConfigDict(extra="allow")

    fault: str = ""


SHAPES = DatasetSpec(
    name="shapes",
    summary="Shapes, one folder a class",
    params=ShapeParams,
    load="tests.testing.shapes:load",
    classes=("round", "long", "star"),
    licence="CC0",
    citation="Nobody (2024). Shapes.",
    homepage="https://example.org/shapes",
    obtain=OBTAIN,
)


def load(params: ShapeParams | LooseParams, *, root: Path) -> Samples:
    """Read `PART/CLASS/PATIENT_NUMBER.png`, or any path that ends so, from a folder or zip file."""
    fault = params.fault
    if fault == "no samples come back":
        return [root]  # type: ignore[return-value]
    if fault == "no blanks in a path" and " " in str(root):
        raise DataError(f"{root} must be a folder of shapes without blanks. {OBTAIN}")
    samples = list(_found(root, fault))
    if fault != "the order of the folder":
        samples.sort(key=lambda sample: sample.id)
    if not samples:
        hint = "" if fault == "a refusal without a hint" else f" {OBTAIN}"
        raise DataError(f"there must be shapes in {root}. Received: none.{hint}")
    if fault in FAULTS:
        samples = FAULTS[fault](samples)
    if fault == "a trace is left":
        (root / "index.txt").write_text("read", encoding="utf-8")
    if fault == "a backend is imported" and "pytest" not in sys.modules:
        sys.modules["torch"] = ModuleType("torch")
    present = {sample.label for sample in samples}
    classes = tuple(name for name in SHAPES.classes if name in present)
    if fault == "a class without samples":
        classes = SHAPES.classes
    if fault == "classes in another order":
        classes = classes[::-1]
    wrong = np.zeros((1, 4, 4), np.uint8) if fault == "grey images" else None
    notes = (f"2 files of {root} are left out",) if fault == "a note that names the place" else ()
    return Samples(samples=tuple(samples), classes=classes, images=wrong, notes=notes)


def _found(root: Path, fault: str) -> Iterator[Sample]:
    if zipfile.is_zipfile(root) and fault != "zip files are not known":
        with zipfile.ZipFile(root) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
        unpacked = fault == "another id in a zip file"
        for name in names:
            sample = _sample(PurePosixPath(name), str(root), fault)
            yield replace(sample, member=name, id=f"{root.name}/{name}" if unpacked else name)
        return
    if not root.is_dir():
        if fault == "another error where there is nothing" and not root.exists():
            raise FileNotFoundError(root)
        if fault == "a refusal without the place":
            raise DataError(f"there must be a folder of shapes. {OBTAIN}")
        raise DataError(f"{root} must be a folder of shapes. Received: no folder. {OBTAIN}")
    for path in root.rglob("*"):
        if path.suffix in IMAGE_SUFFIXES:
            yield _sample(PurePosixPath(path.relative_to(root).as_posix()), str(path), fault)


def _sample(below: PurePosixPath, path: str, fault: str) -> Sample:
    patient, _, _ = below.name.partition("_")
    parts = [part_named(step) for step in below.parts[:-1]]
    return Sample(
        id=path if fault == "ids say where the files lie" else str(below),
        label=below.parent.name,
        path=path,
        groups={"patient": patient},
        split=next((part for part in parts if part is not None), None),
    )


def _first(**changes: Any) -> Callable[[list[Sample]], list[Sample]]:
    return lambda samples: [replace(samples[0], **changes), *samples[1:]]


def _every(**changes: Any) -> Callable[[list[Sample]], list[Sample]]:
    return lambda samples: [replace(sample, **changes) for sample in samples]


def _shuffled(samples: list[Sample]) -> list[Sample]:
    return random.sample(samples, len(samples))


FAULTS: dict[str, Callable[[list[Sample]], list[Sample]]] = {
    "a single class": lambda samples: [s for s in samples if s.label == samples[0].label],
    "a sample without a label": _first(label=""),
    "a backslash in an id": _first(id="round\\1.png"),
    "an absolute id": _first(id="/round/1.png"),
    "an id with a drive": _first(id="C:/round/1.png"),
    "an id that leaves the folder": _first(id="../round/1.png"),
    "an empty id": _first(id=""),
    "decomposed letters in an id": _first(id="zoe\u0308.png"),
    "a kind of group that is no word": _first(groups={"patient no.": "7"}),
    "a group without a name": _first(groups={"patient": ""}),
    "a group that is a number": _first(groups={"patient": 7}),
    "a group with blanks around it": _first(groups={"patient": " 7"}),
    "a division with one part": _every(split="train"),
    "a patient on both sides": lambda samples: [
        replace(sample, groups={"patient": "7"}, split=("train", "test")[number % 2])
        for number, sample in enumerate(samples)
    ],
    "labels by position": lambda samples: [
        replace(sample, label=("long", "round")[number % 2])
        for number, sample in enumerate(samples)
    ],
    "two samples of one file": lambda samples: [
        replace(samples[0], path=samples[1].path),
        *samples[1:],
    ],
    "a relative path": _first(path="round/1.png"),
    "a path elsewhere": _first(path=__file__),
    "another order each time": _shuffled,
    "a box beside the image": _first(box=(0, 0, 4000, 4000)),
}


def load_dots(params: Params, *, root: Path | None) -> Samples:
    """Give two images that are drawn, not read."""
    del params, root
    return Samples(
        samples=(Sample(id="0", label="dark", index=0), Sample(id="1", label="light", index=1)),
        classes=("dark", "light"),
        images=np.stack([np.full((4, 4, 3), shade, np.uint8) for shade in (10, 240)]),
    )
