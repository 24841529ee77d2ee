"""Pascal VOC annotations: which boxes of a field hold which cells."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cellclf import DataError

__all__ = ["NamedBox", "read_boxes"]

EDGES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedBox:
    """One object of a field.

    Attributes:
        name: What it is said to be.
        left: First column, counted from 0; the others likewise. It may lie outside of the field.
        top: First row.
        right: Column after the last.
        bottom: Row after the last.
    """

    name: str
    left: float
    top: float
    right: float
    bottom: float


def read_boxes(content: bytes) -> tuple[NamedBox, ...]:
    """Read the objects of one annotation file.

    Pascal VOC counts pixels from 1 and includes the last; boxes are given back counted from 0, the
    last excluded. An entity declaration, which could make a few bytes into gigabytes or read other
    files, is refused; nothing in an annotation needs one.

    Raises:
        DataError: No XML, an entity declaration, or an object without a name or four numbers.

    Example:
        >>> read_boxes(
        ...     b"<annotation><object><name>RBC</name><bndbox><xmin>1</xmin><ymin>5</ymin>"
        ...     b"<xmax>10</xmax><ymax>12</ymax></bndbox></object></annotation>"
        ... )
        (NamedBox(name='RBC', left=0.0, top=4.0, right=10.0, bottom=12.0),)
    """
    return tuple(_boxes(_parsed(content)))


def _parsed(content: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise DataError(f"must be an XML file. Received: {error}") from error


def _refuse_entity(name: str, *_: object) -> None:
    raise DataError(f"must not declare entities. Received: the entity {name!r}")


def _boxes(annotation: Element) -> Iterator[NamedBox]:
    for number, found in enumerate(annotation.iter("object")):
        name = (found.findtext("name") or "").strip()
        edges = [_number(found.findtext(f"bndbox/{edge}")) for edge in EDGES]
        if not name or not all(map(math.isfinite, edges)):
            raise DataError(
                f"every object must have a name and numbers {', '.join(EDGES)}. Received: object "
                f"{number} with the name {name!r} and {', '.join(map(str, edges))}"
            )
        left, top, right, bottom = edges
        yield NamedBox(name=name, left=left - 1, top=top - 1, right=right, bottom=bottom)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
