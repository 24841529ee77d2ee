"""What samples belong together by: groups read from their ids, or from a table beside them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cellclf.data.samples import Samples
from cellclf.data.tables import read_table
from cellclf.delimited import named_lines
from cellclf.errors import DataError

__all__ = ["grouped_by_pattern", "grouped_by_table"]


def grouped_by_pattern(samples: Samples, pattern: str) -> Samples:
    r"""Lay groups over those that samples have, read from each sample's id.

    Args:
        samples: The set.
        pattern: Regular expression, searched in each id. The name of each named group is a kind of
            group; one that takes no part in the match, or is empty, leaves what the sample had.

    Raises:
        DataError: An id that the pattern does not match: a file that is named otherwise would stand
            alone unnoticed.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cell = Sample(id="ig/C7_1.png", label="ig", path="C7_1.png", groups={"slide": "4"})
        >>> cells = Samples(samples=(cell,), classes=("ig",))
        >>> dict(grouped_by_pattern(cells, r"(?P<patient>C\d+)")[0].groups)
        {'slide': '4', 'patient': 'C7'}
    """
    search = re.compile(pattern).search
    matches = [search(sample.id) for sample in samples]
    missed = [sample.id for sample, match in zip(samples, matches, strict=True) if match is None]
    if missed:
        raise DataError(
            f"`group_pattern` must match the id of every sample. {len(missed):,} of "
            f"{len(samples):,} do not match {pattern!r}: {missed[0]!r} does not match. Where some "
            "have no group, make the group optional"
        )
    return _laid_over(samples, [match.groupdict() for match in matches if match is not None])


def grouped_by_table(
    samples: Samples, file: Path, *, path_column: str, group_columns: Sequence[str]
) -> Samples:
    """Lay groups over those that samples have, read from a CSV file.

    Args:
        samples: The set.
        file: The table; see `cellclf.data.tables.read_table`. It may hold rows of other sets.
        path_column: Names the sample: its id, or the end of it from a folder or the file's name on.
        group_columns: Each is a kind of group; an empty cell leaves what the sample had.

    Raises:
        DataError: No such table or column, a sample that no row names, a row that names several
            samples, or rows that contradict each other.
    """
    table = read_table(file)
    for column in (path_column, *group_columns):
        table.require(column)
    ending = _by_ending(samples, {row[path_column].replace("\\", "/") for row in table.rows})
    found: defaultdict[int, dict[str, list[int]]] = defaultdict(dict)
    groups: list[dict[str, str]] = [{} for _ in samples]
    for row in table.rows:
        name = row[path_column].replace("\\", "/")
        named = ending.get(name, [])
        if len(named) > 1:
            raise DataError(
                f"every row of {file} must name one sample. Received: {name!r} in line {row.line}, "
                f"which may be {samples[named[0]].id!r} or {samples[named[1]].id!r}: write more of "
                "the path"
            )
        for place in named:
            for column in group_columns:
                group = row[column]
                found[place].setdefault(column, []).append(row.line)
                if group and groups[place].setdefault(column, group) != group:
                    raise DataError(
                        f"{file} must give {samples[place].id!r} one {column}. Received: "
                        f"{groups[place][column]!r} and {group!r}, in "
                        f"{named_lines(found[place][column])}"
                    )
    missed = [sample.id for place, sample in enumerate(samples) if place not in found]
    if missed:
        raise DataError(
            f"{file} must have a row for every sample. Received: none for {len(missed):,} of "
            f"{len(samples):,}, such as {missed[0]!r}. Where a sample has no group, leave the cell "
            "empty"
        )
    return _laid_over(samples, groups)


def _by_ending(samples: Samples, wanted: set[str]) -> dict[str, list[int]]:
    """Rows of the samples whose id is each of the `wanted`, or ends with it below a folder."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, sample in enumerate(samples):
        steps = sample.id.split("/")
        for start in range(len(steps)):
            ending = "/".join(steps[start:])
            if ending in wanted:
                found[ending].append(place)
    return found


def _laid_over(samples: Samples, groups: Sequence[Mapping[str, str | None]]) -> Samples:
    done = tuple(
        replace(
            sample,
            groups={**sample.groups, **{kind: name for kind, name in over.items() if name}},
        )
        for sample, over in zip(samples, groups, strict=True)
    )
    return replace(samples, samples=done)
