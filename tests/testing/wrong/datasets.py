"""Datasets with one fault each: shapes that were drawn, one folder a class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.images import write_folder
from tests.testing.shapes import SHAPES, ShapeParams
from tests.testing.wrong.case import Wrong

__all__ = ["RIGHT", "WRONG", "lay_out"]

RIGHT = SHAPES


def lay_out(folder: Path) -> None:
    """Two of the three classes, enough files for another order to be one."""
    write_folder(folder, {"round": 4, "long": 4})


def _loaded(fault: str, check: str) -> Wrong:
    how: dict[str, Any] = {"params": ShapeParams(fault=fault), "root": lay_out, "zipped": True}
    return Wrong(fault=fault, check=check, spec=SHAPES, how=how)


WRONG = (
    _loaded("no samples come back", "samples_load"),
    _loaded("a single class", "classes_in_declared_order"),
    _loaded("classes in another order", "classes_in_declared_order"),
    _loaded("ids say where the files lie", "ids_are_portable"),
    _loaded("a group without a name", "groups_are_named"),
    _loaded("a division with one part", "splits_divide"),
    _loaded("a patient on both sides", "groups_stay_in_one_part"),
    _loaded("two samples of one file", "addresses_are_distinct"),
    _loaded("a box beside the image", "images_can_be_read"),
    _loaded("another order each time", "loading_twice_agrees"),
    _loaded("the order of the folder", "listing_order_does_not_matter"),
    _loaded("no blanks in a path", "place_does_not_matter"),
    _loaded("labels by position", "labels_follow_their_files"),
    _loaded("a trace is left", "place_does_not_matter"),
    _loaded("zip files are not known", "zip_file_agrees"),
    _loaded("a refusal without a hint", "what_is_no_set_is_refused"),
    _loaded("a backend is imported", "loading_imports_nothing_heavy"),
    Wrong(
        fault="no licence",
        check="publication_is_named",
        spec=replace(SHAPES, licence=""),
        how={"root": lay_out},
    ),
)
