"""What must stay whole: units of samples, tied by shared groups and by showing the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Samples
from cellclf.ties import components

__all__ = ["units_of"]


def units_of(samples: Samples, alike: Iterable[Sequence[int]]) -> NDArray[np.intp]:
    """Return the connected components over shared groups and shared content.

    Groups tie samples within one kind only: patient "1" and field "1" are strangers, and an empty
    group ties nothing.

    Args:
        samples: The set.
        alike: Rows that show the same, or nearly so; one sequence a cluster or pair.

    Returns:
        Number of the unit of each sample, shape `(n,)`, from 0 in the order in which they come.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = [
        ...     Sample(id=name, label="ig", path=name, groups={"patient": name[0]})
        ...     for name in ("a1", "a2", "b1", "c1")
        ... ]
        >>> units_of(Samples(samples=tuple(cells), classes=("ig",)), [(1, 2)]).tolist()
        [0, 0, 0, 1]
    """
    grouped: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        for kind, name in sample.groups.items():
            if name:
                grouped[kind, name].append(row)
    return components(len(samples), [*grouped.values(), *alike])
