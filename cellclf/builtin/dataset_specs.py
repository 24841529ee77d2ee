"""The standard ways to read a labelled set of images, as an experiment sees them."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from cellclf.specs import DatasetSpec, Params

__all__ = ["DATASETS", "CsvParams", "ImageFolderParams"]


class ImageFolderParams(Params):
    """Parameters of `image_folder`."""

    group_pattern: str | None = Field(
        default=None,
        description=(
            "Regular expression with named groups, searched in each file's path below the folder: "
            r"with (?P<patient>C\d+) all files of C132 stay in one part. Every file must match; "
            "a named group that is optional may stay empty."
        ),
    )

    @field_validator("group_pattern")
    @classmethod
    def _has_named_groups(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            names = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from error
        if not names:
            raise ValueError("must have a named group, such as (?P<patient>...)")
        return pattern


class CsvParams(Params):
    """Parameters of `csv`."""

    path_column: str = Field(
        default="path", description="Column with the image's path, relative to the CSV file."
    )
    label_column: str = Field(default="label", description="Column with the class name.")
    group_columns: tuple[str, ...] = Field(
        default=("group",),
        description=(
            "Columns whose equal values must stay in one part, such as patient and slide; "
            "`group` may be absent from the file, others may not."
        ),
    )
    split_column: str = Field(
        default="split",
        description=(
            "Column with train, validation, calibration, test, or empty where the part is open; "
            "`split` may be absent from the file, another may not."
        ),
    )


DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="image_folder",
        summary="one folder a class, optionally below train, validation and test",
        params=ImageFolderParams,
        load="cellclf.builtin.image_folder:load",
    ),
    DatasetSpec(
        name="csv",
        summary="a table of path, label and, where known, group and split",
        params=CsvParams,
        load="cellclf.builtin.csv_table:load",
    ),
)
