"""Where each sample of a run comes from and went: the table that leakage is judged by."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.data.samples import Sample
from cellclf.evaluation.units import GROUP_SEPARATOR
from cellclf.pipeline.prepare import Prepared
from cellclf.run_directory import RunDirectory
from cellclf.spreadsheets import write_table

__all__ = ["group_text", "sources_of", "units_in", "write_division"]


def sources_of(prepared: Prepared) -> pd.DataFrame:
    """Return one row a sample, in the order of the set.

    Returns:
        Columns `sample_id, label, part, unit, group, content, left_out`: the part is empty for a
        sample that is left out, and `left_out` then says why. A table of sources, as
        `cellclf.evaluation.sources` has them.
    """
    why = {one.sample_id: f"{one.kind}: {one.reason}" for one in prepared.left_out}
    return pd.DataFrame(
        {
            "sample_id": [sample.id for sample in prepared.samples],
            "label": [sample.label for sample in prepared.samples],
            "part": [str(part) for part in prepared.split.parts],
            "unit": prepared.audit.units,
            "group": [group_text(sample) for sample in prepared.samples],
            "content": list(prepared.store.content),
            "left_out": [why.get(sample.id, "") for sample in prepared.samples],
        }
    )


def write_division(directory: RunDirectory, sources: pd.DataFrame) -> None:
    """Write down which sample is where; the file appears whole or not at all."""
    write_table(sources, directory.division_file)


def units_in(sources: pd.DataFrame, table: pd.DataFrame) -> NDArray[np.intp]:
    """Return the unit of each row of a table of predictions, from a table of sources.

    Raises:
        KeyError: A sample of `table` is not in `sources`.
    """
    unit = sources.set_index("sample_id")["unit"]
    return unit.loc[table["sample_id"]].to_numpy().astype(np.intp)


def group_text(sample: Sample) -> str:
    """Return the groups of a sample as one text, kinds in alphabetical order.

    Example:
        >>> group_text(Sample(id="a", label="", path="a", groups={"slide": "4", "patient": "7"}))
        'patient=7; slide=4'
    """
    return GROUP_SEPARATOR.join(f"{kind}={name}" for kind, name in sorted(sample.groups.items()))
