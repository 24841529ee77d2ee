"""The standard ways to read a labelled set of images, as an experiment sees them."""

from __future__ import annotations

from pydantic import Field

from cellclf.specs import DatasetSpec, Params

__all__ = ["DATASETS", "CsvParams"]


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
    skip_unlabelled: bool = Field(
        default=False,
        description="Pass over rows without a label, as in a review list that is half done.",
    )


DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="image_folder",
        summary="one folder a class, optionally below train, validation and test",
        load="cellclf.builtin.image_folder:load",
    ),
    DatasetSpec(
        name="csv",
        summary="a table of path, label and, where known, group and split",
        params=CsvParams,
        load="cellclf.builtin.csv_table:load",
    ),
    DatasetSpec(
        name="arrays",
        summary="images and labels, and where known groups and splits, in one NumPy file (.npz)",
        load="cellclf.builtin.array_file:load",
    ),
)
