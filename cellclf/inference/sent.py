"""Names of images as a table that is sent to another machine, which then reads the images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Sample
from cellclf.inference.inputs import Input, Inputs

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["inputs_of", "sent", "unseen"]

ID, PATH, MEMBER, ARRAY, INDEX, FAR = "id", "path", "member", "array", "index", "far"


def sent(inputs: Inputs) -> pa.Table:
    """Return where images are, one row an image; paths of local files are made absolute.

    Args:
        inputs: The images.

    Returns:
        Columns `id`, `path`, `member`, `array` (the file of NumPy's that the row `index` is of) and
        `far`. Names are bytes: those of files need not be text.
    """
    import pyarrow as pa

    far = inputs.far
    columns: dict[str, list[object]] = {ID: [], PATH: [], MEMBER: [], ARRAY: [], INDEX: []}
    for one in inputs:
        sample = one.sample
        path = sample.path if far or sample.path is None else os.path.abspath(sample.path)  # noqa: PTH100
        array = one.images.filename if isinstance(one.images, np.memmap) else None
        columns[ID].append(_bytes(sample.id))
        columns[PATH].append(_bytes(path))
        columns[MEMBER].append(_bytes(sample.member))
        columns[ARRAY].append(_bytes(None if array is None else os.path.abspath(array)))  # noqa: PTH100
        columns[INDEX].append(sample.index)
    fields = [pa.field(name, pa.binary()) for name in (ID, PATH, MEMBER, ARRAY)]
    fields += [pa.field(INDEX, pa.int64()), pa.field(FAR, pa.bool_())]
    return pa.Table.from_pydict({**columns, FAR: [far] * len(inputs)}, schema=pa.schema(fields))


def inputs_of(table: pa.Table) -> Inputs:
    """Return the images that a table of `sent` names."""
    return Inputs([_Sent(table)])


def unseen(table: pa.Table) -> str:
    """Return the first local file of a table where none of them is there, else nothing."""
    first = ""
    if any(table[FAR].to_pylist()):
        return first
    for path, array in zip(table[PATH].to_pylist(), table[ARRAY].to_pylist(), strict=True):
        name = _text(array if path is None else path)
        if name is None or os.path.exists(name):  # noqa: PTH110 - for names that are no text too
            return ""
        first = first or name
    return first


class _Sent:
    """A source of images; see `cellclf.inference.inputs.Source`."""

    def __init__(self, table: pa.Table) -> None:
        self.far = any(table[FAR].to_pylist())
        columns = ([_text(one) for one in table[name].to_pylist()] for name in (ID, PATH, MEMBER))
        self._ids, self._paths, self._members = columns
        self._arrays: Sequence[str | None] = [_text(one) for one in table[ARRAY].to_pylist()]
        self._index: Sequence[int | None] = table[INDEX].to_pylist()
        self._mapped = cache(_mapped)

    def __len__(self) -> int:
        return len(self._ids)

    def id(self, place: int) -> str:
        """What the image is called."""
        return str(self._ids[place])

    def input(self, place: int) -> Input:
        """Where it is."""
        sample = Sample(
            id=self.id(place),
            label="",
            path=self._paths[place],
            member=self._members[place],
            index=self._index[place],
        )
        array = self._arrays[place]
        return Input(sample=sample, images=None if array is None else self._mapped(array))


def _mapped(array: str) -> NDArray[np.uint8] | None:
    try:
        images: NDArray[np.uint8] = np.load(array, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return images


def _bytes(name: str | None) -> bytes | None:
    return None if name is None else name.encode("utf-8", "surrogatepass")


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode("utf-8", "surrogatepass")
