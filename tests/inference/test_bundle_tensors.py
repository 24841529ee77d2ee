"""The numbers of a bundle, read behind a header."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from cellclf.errors import BundleError
from cellclf.inference.bundle_header import TENSOR_TYPES, Header, Place
from cellclf.inference.bundle_tensors import read_tensors

PATH = Path("some.safetensors")
START = b"the header"

ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3) / 3,
    "nothing": np.zeros((0, 4), np.float16),
    "number": np.array(2**64 - 1, np.uint64),
    **{name: np.arange(-3, 4).astype(kind) for name, kind in TENSOR_TYPES.items()},
}
BODY = b"".join(array.tobytes() for array in ARRAYS.values())
HEADER = Header(
    content=START,
    digest="",
    manifest={},
    places=tuple(
        Place(name=name, dtype=array.dtype, shape=array.shape) for name, array in ARRAYS.items()
    ),
)


def at_tensors(body: bytes) -> io.BufferedReader:
    """A file, read up to the end of its header."""
    file = io.BufferedReader(io.BytesIO(START + body))  # type: ignore[arg-type]
    assert file.read(len(START)) == START
    return file


def test_every_tensor_is_an_array_of_its_own_in_the_order_of_the_file() -> None:
    found, sha256 = read_tensors(PATH, at_tensors(BODY), HEADER)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable
        assert found[name].base is None
    assert sha256 == hashlib.sha256(START + BODY).hexdigest()


@pytest.mark.parametrize("missing", [1, 7, len(BODY)])
def test_a_file_that_ends_before_its_tensors_do_is_cut_short(missing: int) -> None:
    with pytest.raises(BundleError, match=r"^some\.safetensors is cut short"):
        read_tensors(PATH, at_tensors(BODY[:-missing]), HEADER)


def test_a_bundle_of_no_tensors_has_the_hash_of_its_header() -> None:
    none = Header(content=START, digest="", manifest={}, places=())
    assert read_tensors(PATH, at_tensors(b""), none) == ({}, hashlib.sha256(START).hexdigest())
