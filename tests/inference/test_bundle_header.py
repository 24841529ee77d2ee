"""The header of a bundle, judged by itself: what it must say, up to which limits."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from cellclf.errors import BundleError
from cellclf.inference.bundle_header import (
    MAX_DIMENSIONS,
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    MAX_NAME,
    TENSOR_TYPES,
    Header,
    read_header,
)

PATH = Path("some.safetensors")
ENTRY = {"digest": "00ff", "manifest": {"classes": ["a", "b"]}}
ONE = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def text_of(entry: object = ENTRY, **tensors: object) -> str:
    """A header as JSON."""
    told = entry if isinstance(entry, str) else json.dumps(entry)
    return json.dumps({"__metadata__": {"cellclf": told}, **tensors})


def judged(text: str | bytes, *, after: int = 0, length: int | None = None) -> Header:
    """What is read of a file with this header and so many bytes behind it."""
    content = text.encode() if isinstance(text, str) else text
    start = (len(content) if length is None else length).to_bytes(8, "little")
    file = io.BytesIO(start + content)
    found = read_header(PATH, file, size=len(start) + len(content) + after)
    assert file.tell() == len(start) + len(content)
    return found


def refused(text: str | bytes, said: str, *, after: int = 0, length: int | None = None) -> None:
    with pytest.raises(BundleError, match=said):
        judged(text, after=after, length=length)


def test_a_file_that_safetensors_wrote_is_understood() -> None:
    arrays = {name: np.ones((2, 1, 3), kind) for name, kind in TENSOR_TYPES.items()}
    written = save(arrays, metadata={"cellclf": json.dumps(ENTRY), "other": "x"})
    file = io.BytesIO(written)
    found = read_header(PATH, file, size=len(written))
    assert found.digest == ENTRY["digest"]
    assert found.manifest == ENTRY["manifest"]
    assert {place.name: place.dtype for place in found.places} == TENSOR_TYPES
    assert {place.shape for place in found.places} == {(2, 1, 3)}
    # What is left of the file are the tensors, one behind the other in this order.
    assert found.content + file.read() == written
    rest = b"".join(arrays[place.name].tobytes() for place in found.places)
    assert written == found.content + rest


def test_tensors_are_told_in_the_order_of_the_file_and_may_be_empty() -> None:
    tensors = {
        "late": {"dtype": "I8", "shape": [4], "data_offsets": [2, 6]},
        "nothing": {"dtype": "F32", "shape": [0, 7], "data_offsets": [2, 2]},
        "first": {"dtype": "U16", "shape": [], "data_offsets": [0, 2]},
        "last": {"dtype": "U8", "shape": [0], "data_offsets": [6, 6]},
    }
    found = judged(text_of(**tensors), after=6)
    assert [(place.name, place.shape) for place in found.places] == [
        ("first", ()),
        ("nothing", (0, 7)),
        ("late", (4,)),
        ("last", (0,)),
    ]
    assert judged(text_of()).places == ()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\x02", "another format"),
        ((2).to_bytes(8, "little"), "another format"),
        ((0).to_bytes(8, "little") + b"{}", "another format"),
        ((1).to_bytes(8, "little") + b"{", "another format"),
        ((2).to_bytes(8, "little") + b"[]", "another format"),
        ((4).to_bytes(8, "little") + b"[1]}", "another format"),
        ((2).to_bytes(8, "little") + b"{}", "a safetensors file without a cellclf manifest"),
    ],
)
def test_what_is_no_bundle_says_what_it_is_instead(content: bytes, what: str) -> None:
    with pytest.raises(BundleError) as caught:
        read_header(PATH, io.BytesIO(content), size=len(content))
    assert str(caught.value).startswith(f"some.safetensors is no cellclf bundle ({what}): ")


@pytest.mark.parametrize("metadata", [None, [], "x", {}, {"cellclf": 1}, {"cellclf": None}])
def test_metadata_without_a_text_is_of_no_bundle(metadata: object) -> None:
    refused(json.dumps({"__metadata__": metadata}), "without a cellclf manifest")


def test_a_header_may_be_as_long_as_is_said_and_no_longer() -> None:
    text = text_of()
    most = text + " " * (MAX_HEADER_BYTES - len(text))
    assert judged(most).manifest == ENTRY["manifest"]
    said = rf"has a header of {MAX_HEADER_BYTES + 1:,} bytes.* at most {MAX_HEADER_BYTES:,}, "
    refused(most, said, length=MAX_HEADER_BYTES + 1, after=1)
    # One that is longer than the file is none, nor is one that begins as no header does.
    refused(most, "another format", length=MAX_HEADER_BYTES + 10)
    refused(b"[" + most.encode()[1:], "another format", length=MAX_HEADER_BYTES + 1, after=1)


def test_no_more_is_read_than_a_header_can_have() -> None:
    class Counting(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size >= 0
            self.asked += size
            return super().read(size)

    file = Counting((1 << 40).to_bytes(8, "little") + b"{" * 100)
    with pytest.raises(BundleError, match="has a header of"):
        read_header(PATH, file, size=1 << 41)
    assert file.asked <= MAX_HEADER_BYTES + 8


def test_a_header_cut_short_is_told_from_a_damaged_one() -> None:
    text = text_of()
    refused(text[:-1], r"^some\.safetensors is cut short: copy", length=len(text))
    refused(text[:-1] + ",", r"^some\.safetensors is damaged: its header cannot be read$")
    refused(text.encode("utf-16"), "another format")
    refused(b'{"\xff": 1}', "its header cannot be read")
    refused('{"a":' * 50_000, "its header cannot be read")


def test_a_file_may_be_as_long_as_is_said_and_no_longer() -> None:
    def big(size: int) -> str:
        return text_of(w={"dtype": "U8", "shape": [size], "data_offsets": [0, size]})

    room = MAX_FILE_BYTES - 8 - len(big(MAX_FILE_BYTES - 300))
    assert judged(big(room), after=room).places[0].shape == (room,)
    said = rf"has {MAX_FILE_BYTES + 1:,} bytes: a bundle has at most {MAX_FILE_BYTES:,}, so that"
    refused(big(room + 1), said, after=room + 1)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{", "the file is damaged: "),
        ("[]", "the file is damaged: no JSON object$"),
        ('"text"', "the file is damaged: no JSON object$"),
        ({"digest": "0"}, "it must hold a digest and a manifest$"),
        ({**ENTRY, "more": 1}, "it must hold a digest and a manifest$"),
        ({"digest": 0, "manifest": {}}, "the digest must be a text, and the manifest an object$"),
        ({"digest": "0", "manifest": []}, "the digest must be a text, and the manifest an object$"),
        ('{"digest": "0", "digest": "0", "manifest": {}}', "a name stands twice$"),
        ('{"digest": "0", "manifest": {"a": {"b": 1, "b": 1}}}', "a name stands twice$"),
        ('{"digest": "0", "manifest": {"a": -Infinity}}', "-Infinity is no JSON$"),
        ('{"digest": "0", "manifest": ' + '{"a":' * 50_000, "the file is damaged: "),
    ],
)
def test_an_entry_that_says_something_else_is_refused(entry: object, said: str) -> None:
    refused(text_of(entry), rf"^some\.safetensors has a manifest that cannot be read, .*{said}")


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": None},
        {"shape": [2, -3]},
        {"shape": [2, True]},
        {"shape": [2, 3.0]},
        {"shape": {"0": 2}},
        {"shape": [MAX_FILE_BYTES + 1, 0], "data_offsets": [0, 0]},
        {"data_offsets": None},
        {"data_offsets": [0]},
        {"data_offsets": [0, 24, 24]},
        {"data_offsets": [-24, 0]},
        {"data_offsets": [0, MAX_FILE_BYTES + 1]},
        {"data_offsets": [0, 24.0]},
        {"more": 1},
    ],
    ids=str,
)
def test_a_tensor_that_is_not_described_as_it_must_be_is_named(changes: dict[str, Any]) -> None:
    said = r"^some\.safetensors is damaged: its header does not describe 'w'$"
    refused(text_of(w={**ONE, **changes}), said, after=24)
    for name in ONE:
        less = {key: value for key, value in ONE.items() if key != name}
        refused(text_of(w=less), said, after=24)
        refused(text_of(w={**less, name.upper(): 1}), "some.safetensors", after=24)
    refused(text_of(w=[1]), said, after=24)


def test_shapes_have_as_many_dimensions_as_arrays_of_a_network_may() -> None:
    most = [1] * (MAX_DIMENSIONS - 2) + [2, 3]
    assert judged(text_of(w={**ONE, "shape": most}), after=24).places[0].shape == tuple(most)
    refused(text_of(w={**ONE, "shape": [1, *most]}), "does not describe 'w'", after=24)
    empty = {"shape": [MAX_FILE_BYTES, 0], "data_offsets": [0, 0]}
    assert judged(text_of(w={**ONE, **empty})).places[0].shape == (MAX_FILE_BYTES, 0)


@pytest.mark.parametrize("kind", ["F64", "f32", "BF16", "", 7, None, ["F32"], "x" * 100])
def test_a_type_that_no_bundle_holds_is_named(kind: object) -> None:
    said = f"holds 'w' of type {str(kind)[:40]!r}: a bundle holds only F16, F32, I8"
    refused(text_of(w={**ONE, "dtype": kind}), re.escape(said), after=24)


def test_a_name_has_as_many_letters_as_a_message_can_bear() -> None:
    longest = "ä" * MAX_NAME
    assert judged(text_of(**{longest: ONE}), after=24).places[0].name == longest
    refused(text_of(**{longest + "b": ONE}), rf"damaged: '{'ä' * 40}' is no name", after=24)
    refused(text_of(**{"a\nb": ONE}), r"damaged: 'a\\nb' is no name", after=24)


@pytest.mark.parametrize(
    ("offsets", "after", "said"),
    [
        ([(0, 24), (24, 48)], 47, r"^some\.safetensors is cut short"),
        ([(0, 24), (24, 48)], 49, "something follows its last tensor"),
        ([(0, 24), (25, 49)], 49, "overlap or leave gaps"),
        ([(0, 24), (23, 47)], 47, "overlap or leave gaps"),
        ([(0, 24), (0, 24)], 24, "overlap or leave gaps"),
        ([(1, 25), (25, 49)], 49, "overlap or leave gaps"),
        ([(0, 24), (24, 47)], 47, "'t1' is not as long as its shape says"),
        ([(0, 24), (24, 49)], 49, "'t1' is not as long as its shape says"),
        ([(24, 0), (0, 24)], 24, "'t0' is not as long as its shape says"),
    ],
)
def test_tensors_lie_side_by_side_up_to_the_end(
    offsets: list[tuple[int, int]], after: int, said: str
) -> None:
    tensors = {
        f"t{number}": {**ONE, "data_offsets": list(pair)} for number, pair in enumerate(offsets)
    }
    refused(text_of(**tensors), said, after=after)
    sound = {"t1": {**ONE, "data_offsets": [24, 48]}, "t0": ONE}
    assert [place.name for place in judged(text_of(**sound), after=48).places] == ["t0", "t1"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[NaN]"])
def test_numbers_that_are_no_json_are_refused(text: str) -> None:
    refused(text_of(w=ONE).replace("[2, 3]", text), "its header cannot be read", after=24)
