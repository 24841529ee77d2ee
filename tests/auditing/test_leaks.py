from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cellclf.auditing.findings import Finding
from cellclf.auditing.leaks import leak_findings
from cellclf.auditing.likeness import likeness
from cellclf.auditing.near_duplicates import Link
from cellclf.data.samples import Sample, Samples
from cellclf.data.units import units_of
from cellclf.terms import Part


def leaks(
    *described: tuple[Part | None, dict[str, str], str],
    pairs: Sequence[tuple[int, int]] = (),
    unreadable: Sequence[int] = (),
) -> list[Finding]:
    """Leaks of samples 0, 1, ... of given part, groups and content."""
    cells = tuple(
        Sample(id=f"{n}", label="ig", path=f"{n}", groups=groups, split=part)
        for n, (part, groups, _) in enumerate(described)
    )
    samples = Samples(samples=cells, classes=("ig",))
    readable = np.array([row not in unreadable for row in range(len(cells))])
    near = [
        Link(first=first, second=second, mirrored=False, overlap=0.9, correlation=0.9)
        for first, second in pairs
    ]
    like = likeness(samples, [content for *_, content in described], readable, near)
    units = units_of(samples, like.clusters)
    return list(leak_findings(samples, like.clusters, units, readable))


def test_a_patient_in_two_given_parts_is_named_with_the_parts_and_files() -> None:
    (leak,) = leaks(
        ("train", {"patient": "C132P"}, "a"),
        ("train", {"patient": "C132P"}, "b"),
        ("test", {"patient": "C132P"}, "c"),
        (None, {"patient": "C132P"}, "d"),
        ("test", {"patient": "other"}, "e"),
    )
    assert (leak.kind, leak.severity, leak.files) == ("split_leak", "error", ("0", "1", "2"))
    assert leak.detail == "patient 'C132P' is in train (0 and 1 more) and test (2)"


def test_equal_images_and_copies_that_cross_are_named() -> None:
    same, near = leaks(
        ("train", {}, "a"),
        ("test", {}, "a"),
        ("train", {}, "b"),
        ("validation", {}, "c"),
        pairs=[(2, 3)],
    )
    assert same.detail == "one image, or copies or cuts of it, is in train (0) and test (1)"
    assert near.detail == "one image, or copies or cuts of it, is in train (2) and validation (3)"
    assert (same.files, near.files) == (("0", "1"), ("2", "3"))


def test_every_tie_of_a_unit_that_crosses_is_told() -> None:
    patient, field = leaks(
        ("train", {"patient": "p"}, "a"),
        ("test", {"patient": "p", "slide": "s"}, "b"),
        ("validation", {"slide": "s"}, "c"),
    )
    assert (patient.files, field.files) == (("0", "1"), ("1", "2"))


def test_a_leak_through_several_ties_is_told_although_no_tie_crosses() -> None:
    (leak,) = leaks(
        ("train", {"patient": "p"}, "a"),
        (None, {"patient": "p", "field": "f"}, "b"),
        ("test", {"field": "f"}, "c"),
    )
    assert leak.files == ("0", "2")
    assert leak.detail == ("images tied by several groups or copies are in train (0) and test (2)")


def test_an_unreadable_image_leaks_nothing() -> None:
    crossing = (("train", {"patient": "p"}, "a"), ("test", {"patient": "p"}, "b"))
    assert leaks(*crossing, unreadable=[1]) == []
    assert len(leaks(*crossing)) == 1


def test_ties_within_one_part_are_no_leak() -> None:
    assert leaks(("test", {"patient": "p"}, "a"), ("test", {"patient": "p"}, "a")) == []
