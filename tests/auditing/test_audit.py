from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.auditing.audit import audit
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError


def cells(*described: tuple[str, dict[str, str], str | None]) -> Samples:
    """Samples 0.png, 1.png, ... from (label, groups, given part)."""
    samples = tuple(
        Sample(id=f"{n}.png", label=label, path=f"{n}.png", groups=groups, split=part)
        for n, (label, groups, part) in enumerate(described)
    )
    return Samples(samples=samples, classes=("ig", "platelet"))


def test_samples_without_ties_are_units_of_one_and_give_no_findings() -> None:
    found = audit(cells(*[("ig", {}, None)] * 3), content=["a", "b", "c"], unreadable={})
    assert found.units.tolist() == [0, 1, 2]
    assert found.findings == ()


def test_group_names_of_different_kinds_are_strangers() -> None:
    samples = cells(("ig", {"patient": "1"}, None), ("ig", {"field": "1"}, None))
    assert audit(samples, content=["a", "b"], unreadable={}).units.tolist() == [0, 1]


def test_an_empty_group_name_joins_nothing() -> None:
    samples = cells(("ig", {"patient": ""}, None), ("ig", {"patient": ""}, None))
    assert audit(samples, content=["a", "b"], unreadable={}).units.tolist() == [0, 1]


def test_groups_and_duplicates_join_through_each_other() -> None:
    samples = cells(
        ("ig", {"patient": "p"}, None),
        ("ig", {"patient": "p", "field": "f"}, None),
        ("ig", {"field": "f"}, None),
        ("ig", {}, None),
        ("ig", {}, None),
    )
    found = audit(samples, content=["a", "b", "c", "c", "e"], unreadable={})
    assert found.units.tolist() == [0, 0, 0, 0, 1]


def test_a_duplicate_with_one_label_is_a_note_and_with_two_a_conflict() -> None:
    samples = cells(*[("ig", {}, None)] * 3, ("platelet", {}, None))
    first, second = audit(samples, content=["a", "a", "b", "b"], unreadable={}).findings
    assert (first.kind, first.severity) == ("exact_duplicate", "note")
    assert first.files == ("0.png", "1.png")
    assert (second.kind, second.severity) == ("label_conflict", "warning")
    assert second.files == ("2.png", "3.png")
    assert second.detail == "one image is labelled 'ig', 'platelet'"


def test_unreadable_files_are_reported_and_are_no_duplicates() -> None:
    samples = cells(*[("ig", {}, None)] * 3)
    found = audit(samples, content=["", "", "c"], unreadable={1: "gone", 0: "the file is empty"})
    assert [(f.kind, f.files, f.detail) for f in found.findings] == [
        ("unreadable", ("0.png",), "the file is empty"),
        ("unreadable", ("1.png",), "gone"),
    ]
    assert found.units.tolist() == [0, 1, 2]


def test_a_unit_in_two_given_parts_is_a_leak() -> None:
    samples = cells(
        ("ig", {"patient": "p"}, "train"),
        ("ig", {"patient": "p"}, "test"),
        ("ig", {"patient": "q"}, "test"),
        ("ig", {"patient": "q"}, None),
    )
    (leak,) = audit(samples, content=list("abcd"), unreadable={}).findings
    assert (leak.kind, leak.severity) == ("split_leak", "error")
    assert leak.files == ("0.png", "1.png")
    assert "test and train" in leak.detail


def test_a_hash_for_every_sample_is_asked_for() -> None:
    with pytest.raises(DataError, match=r"one hash a sample. Received: 1 for 2"):
        audit(cells(*[("ig", {}, None)] * 2), content=["a"], unreadable={})


PATIENTS, FIELDS = st.sampled_from(["", "p", "q"]), st.sampled_from(["", "p", "r"])


@settings(deadline=None)
@given(st.lists(st.tuples(PATIENTS, FIELDS, st.integers(0, 9)), min_size=1, max_size=20))
def test_two_samples_that_share_anything_share_a_unit(drawn: list[tuple[str, str, int]]) -> None:
    samples = cells(*[("ig", {"patient": p, "field": f}, None) for p, f, _ in drawn])
    content = [str(c) for _, _, c in drawn]
    units = audit(samples, content=content, unreadable={}).units
    tied = np.array(
        [
            [(a[0] and a[0] == b[0]) or (a[1] and a[1] == b[1]) or a[2] == b[2] for b in drawn]
            for a in drawn
        ],
        dtype=bool,
    )
    reached = tied
    for _ in drawn:
        reached = (reached.astype(int) @ tied.astype(int)) > 0
    np.testing.assert_array_equal(units[:, None] == units[None, :], reached)
