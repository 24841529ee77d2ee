from __future__ import annotations

import pytest
from cellclf_blood.voc import NamedBox, read_boxes
from hypothesis import given
from hypothesis import strategies as st

from cellclf import DataError


def annotation(*objects: str, before: str = "") -> bytes:
    return f"{before}<annotation>{''.join(objects)}</annotation>".encode()


def one(name: str = "RBC", xmin: str = "1", ymax: str = "4") -> str:
    return (
        f"<object><name>{name}</name><bndbox><xmin>{xmin}</xmin><ymin>2</ymin><xmax>3</xmax>"
        f"<ymax>{ymax}</ymax></bndbox></object>"
    )


def test_boxes_count_pixels_from_zero_without_the_last() -> None:
    (box,) = read_boxes(annotation(one(" WBC\n", ymax="4.5")))
    assert box == NamedBox(name="WBC", left=0, top=1, right=3, bottom=4.5)


def test_an_annotation_without_objects_has_no_boxes() -> None:
    assert read_boxes(annotation("<filename>x.jpg</filename>")) == ()


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    "entity", [BOMB, '<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY % p "x">']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_any_is_expanded(entity: str, encoding: str) -> None:
    text = annotation(one("&e9;"), before=f"<!DOCTYPE annotation [{entity}]>").decode()
    with pytest.raises(DataError, match="must not declare entities"):
        read_boxes(text.encode(encoding))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be an XML file"),
        (b"no xml", "must be an XML file"),
        (annotation()[:-3], "must be an XML file"),
        (b'<?xml version="1.0" encoding="no-such"?><annotation/>', "must be an XML file"),
        (annotation(one(name="")), "object 0 with the name ''"),
        (annotation(one(), one(xmin="left")), "object 1 .*nan"),
        (annotation(one(xmin="inf")), "object 0 .*inf"),
        (annotation("<object><name>RBC</name></object>"), "object 0 .*nan"),
    ],
)
def test_what_is_no_annotation_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_boxes(content)


@given(at=st.integers(0, 150), value=st.integers(0, 255))
def test_a_damaged_annotation_is_read_or_refused(at: int, value: int) -> None:
    content = bytearray(annotation(one()))
    content[at % len(content)] = value
    try:
        boxes = read_boxes(bytes(content))
    except DataError:
        return
    assert all(isinstance(box, NamedBox) for box in boxes)
