"""Files that are damaged, or were never bundles: each is refused, and nothing in it is run."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from cellclf.errors import BundleError
from cellclf.inference.bundle import read_bundle, write_bundle
from tests.inference.bundles import (
    MANIFEST,
    WEIGHTS,
    same,
    with_entry,
    with_header,
    with_manifest,
)
from tests.inference.mutated.parts import Parts, framed


def test_a_bundle_cut_short_is_refused_wherever_it_was_cut(written: Path) -> None:
    content = written.read_bytes()
    for length in range(len(content)):
        written.write_bytes(content[:length])
        with pytest.raises(BundleError):
            read_bundle(written)
    written.write_bytes(content[:-1])
    with pytest.raises(BundleError, match="cut short"):
        read_bundle(written)
    written.write_bytes(content[:100])
    with pytest.raises(BundleError, match="cut short"):
        read_bundle(written)


def test_a_flipped_bit_is_refused_or_changes_nothing(written: Path) -> None:
    content = written.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        written.write_bytes(damaged)
        try:
            bundle = read_bundle(written)
        except BundleError:
            continue
        assert same(bundle.weights), place
        assert bundle.manifest == MANIFEST, place


@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 6)),
        min_size=1,
        max_size=4,
    )
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_bundle_with_bytes_put_in_and_taken_out_is_refused_or_the_same(
    tmp_path: Path, edits: list[tuple[float, bytes, int]]
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, MANIFEST, WEIGHTS)
    content = path.read_bytes()
    for share, put, taken in edits:
        place = int(share * len(content))
        content = content[:place] + put + content[place + taken :]
    path.write_bytes(content)
    try:
        bundle = read_bundle(path)
    except BundleError:
        return
    assert same(bundle.weights)
    assert bundle.manifest == MANIFEST


def test_a_manifest_changed_by_hand_is_noticed(written: Path) -> None:
    with_manifest(written, classes=["round", "long", "square"])
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(written)


@pytest.mark.parametrize(
    "entry",
    [[], {}, {"digest": 1, "manifest": {}}, {"digest": "", "manifest": []}, "text"],
    ids=str,
)
def test_metadata_of_another_shape_is_refused(written: Path, entry: object) -> None:
    with_entry(written, lambda _: entry)
    with pytest.raises(BundleError, match="manifest"):
        read_bundle(written)


def test_endless_nesting_is_refused(written: Path) -> None:
    depth = 100_000
    text = b'{"a":' * depth + b"1" + b"}" * depth
    written.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(BundleError):
        read_bundle(written)


def test_other_files_are_no_bundles(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    save_file({"w": np.zeros(3, np.float32)}, path)
    with pytest.raises(BundleError, match="without a cellclf manifest"):
        read_bundle(path)
    for content in (b"", b"{}", b"\x89PNG\r\n\x1a\n" + bytes(99), bytes(99), b"PK\x03\x04" * 30):
        path.write_bytes(content)
        with pytest.raises(BundleError, match="no cellclf bundle"):
            read_bundle(path)
    with pytest.raises(BundleError, match="no such bundle"):
        read_bundle(tmp_path / "none.safetensors")
    with pytest.raises(BundleError, match="a folder"):
        read_bundle(tmp_path)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
            return (tmp_path.joinpath("ran").touch, ())

    (tmp_path / "b.safetensors").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(BundleError):
        read_bundle(tmp_path / "b.safetensors")
    assert not (tmp_path / "ran").exists()


def test_a_header_that_promises_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    with path.open("wb") as file:
        file.write((1 << 40).to_bytes(8, "little") + b"{")
        file.truncate(1 << 34)  # sparse: nothing of this lies on the disk
    with pytest.raises(BundleError, match="no cellclf bundle"):
        read_bundle(path)


def test_a_file_that_is_larger_than_a_bundle_can_be_is_refused_before_it_is_read(
    tmp_path: Path, written: Path
) -> None:
    parts = Parts.of(written.read_bytes())
    header = parts.header(parts.digest)
    begin, size = len(parts.body()), 1 << 33
    header["weights/hole"] = {"dtype": "U8", "shape": [size], "data_offsets": [begin, begin + size]}
    start = framed(json.dumps(header), parts.body())
    written.write_bytes(start)
    os.truncate(written, len(start) + size)  # sparse: nothing of this lies on the disk
    with pytest.raises(
        BundleError, match=r"tiny.safetensors has 8,5.* bytes: a bundle has at most"
    ):
        read_bundle(written)


@pytest.mark.parametrize(
    "shape",
    [[10**30, 0], [1] * 1000, [2**20] * 3, [10**4000] * 900, [True], [1.0], ["1"], None, {}],
    ids=lambda shape: repr(shape)[:20],
)
def test_a_shape_that_no_array_has_is_refused(written: Path, shape: object) -> None:
    parts = Parts.of(written.read_bytes())
    header = parts.header(parts.digest)
    header["weights/count"]["shape"] = shape
    written.write_bytes(framed(json.dumps(header), parts.body()))
    with pytest.raises(BundleError, match="is damaged"):
        read_bundle(written)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"dtype":', '"dtype": "F16", "dtype":'),
        ('"weights/count":', '"weights/count": {}, "weights/count":'),
        (r"\"image_size\":", r"\"image_size\": 8, \"image_size\":"),
        (r"{\"digest\":", r"{\"manifest\": {}, \"digest\":"),
        ('"dtype":', '"comment": 1, "dtype":'),
    ],
    ids=["in a tensor", "a tensor", "in the manifest", "a manifest", "no such entry"],
)
def test_what_readers_of_json_could_take_for_different_things_is_refused(
    written: Path, old: str, new: str
) -> None:
    with_header(written, lambda header: header.replace(old, new, 1))
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(written)


def test_a_header_in_another_encoding_is_refused(written: Path) -> None:
    content = written.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    text = content[8:start].decode().encode("utf-16-le")
    written.write_bytes(len(text).to_bytes(8, "little") + text + content[start:])
    with pytest.raises(BundleError, match="its header cannot be read"):
        read_bundle(written)


@pytest.mark.parametrize(
    "name", ["x" * 300, "a\nb", "\x1b[31m", "\ud800"], ids=["long", "lines", "escape", "surrogate"]
)
def test_a_tensor_whose_name_no_message_can_bear_is_refused(written: Path, name: str) -> None:
    parts = Parts.of(written.read_bytes())
    header = parts.header(parts.digest)
    header[name] = header.pop("weights/count")
    written.write_bytes(framed(json.dumps(header), parts.body()))
    with pytest.raises(BundleError, match="is no name of a tensor") as refused:
        read_bundle(written)
    assert str(refused.value).isprintable()


def test_a_tensor_of_another_type_is_refused_by_name(written: Path) -> None:
    entry = json.dumps({"digest": "", "manifest": {}})
    written.write_bytes(save({"w": np.zeros(3, np.float64)}, metadata={"cellclf": entry}))
    with pytest.raises(BundleError, match="'w' of type 'F64'"):
        read_bundle(written)
