from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.auditing.appearance import appearance
from cellclf.auditing.audit import Audit, audit, judged
from cellclf.auditing.findings import Finding
from cellclf.auditing.keypoints import describe
from cellclf.auditing.measure import Measurements
from cellclf.auditing.near_duplicates import Link
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError
from tests.data.image_files import noise
from tests.images import write_folder

SEEN = noise(20, 20)
LOOKS, DESCRIPTION = appearance(SEEN), describe(SEEN)


def cells(*described: tuple[str, dict[str, str], str | None]) -> Samples:
    """Samples 0.png, 1.png, ... from (label, groups, given part)."""
    samples = tuple(
        Sample(id=f"{n}.png", label=label, path=f"{n}.png", groups=groups, split=part)
        for n, (label, groups, part) in enumerate(described)
    )
    return Samples(samples=samples, classes=("ig", "platelet"))


def link(first: int, second: int, overlap: float = 0.9) -> Link:
    return Link(first=first, second=second, mirrored=False, overlap=overlap, correlation=0.9)


def found(
    samples: Samples,
    content: Sequence[str],
    *,
    pairs: Sequence[tuple[int, int] | tuple[int, int, float]] = (),
    unreadable: dict[int, str] | None = None,
) -> Audit:
    """Judge samples that all look alike, whatever their content is called."""
    reasons = unreadable or {}
    measured = Measurements(
        content=tuple(content),
        unreadable=reasons,
        appearance=np.array([LOOKS] * len(samples)),
        descriptions=tuple(None if row in reasons else DESCRIPTION for row in range(len(samples))),
    )
    return judged(samples, measured, [link(*pair) for pair in pairs])


def about_ties(result: Audit) -> list[Finding]:
    """Findings but those that a set of a few images always has."""
    return [one for one in result.findings if one.kind not in ("small_class", "few_sources")]


def test_samples_without_ties_are_units_of_one_and_give_no_findings() -> None:
    result = found(cells(*[("ig", {}, None)] * 3), ["a", "b", "c"])
    assert result.units.tolist() == [0, 1, 2]
    assert about_ties(result) == []
    assert result.clusters == ()


def test_group_names_of_different_kinds_are_strangers() -> None:
    samples = cells(("ig", {"patient": "1"}, None), ("ig", {"field": "1"}, None))
    assert found(samples, ["a", "b"]).units.tolist() == [0, 1]


def test_an_empty_group_name_joins_nothing() -> None:
    samples = cells(("ig", {"patient": ""}, None), ("ig", {"patient": ""}, None))
    assert found(samples, ["a", "b"]).units.tolist() == [0, 1]


def test_groups_duplicates_and_near_duplicates_join_through_each_other() -> None:
    samples = cells(
        ("ig", {"patient": "p"}, None),
        ("ig", {"patient": "p", "field": "f"}, None),
        ("ig", {"field": "f"}, None),
        ("ig", {}, None),
        ("ig", {}, None),
        ("ig", {}, None),
    )
    result = found(samples, ["a", "b", "c", "c", "e", "f"], pairs=[(3, 4)])
    assert result.units.tolist() == [0, 0, 0, 0, 0, 1]
    assert result.clusters == ((2, 3, 4),)


def test_a_duplicate_with_one_label_is_a_note_and_with_two_a_conflict() -> None:
    samples = cells(*[("ig", {}, None)] * 3, ("platelet", {}, None))
    result = found(samples, ["a", "a", "b", "b"])
    first, contrary, second = about_ties(result)
    assert (first.kind, first.severity) == ("exact_duplicate", "note")
    assert first.files == ("0.png", "1.png")
    assert (contrary.kind, contrary.files) == ("exact_duplicate", ("2.png", "3.png"))
    assert (second.kind, second.severity) == ("label_conflict", "error")
    assert second.files == ("2.png", "3.png")
    assert second.detail == "one image is labelled 'ig', 'platelet'"
    assert result.conflicts == ((2, 3),)


def test_copies_of_one_label_are_one_finding_that_counts_them() -> None:
    samples = cells(*[("ig", {}, None)] * 4)
    near, exact = sorted(
        about_ties(found(samples, ["a", "a", "b", "c"], pairs=[(1, 2), (2, 3)])),
        key=lambda finding: finding.kind,
        reverse=True,
    )
    assert (near.kind, near.severity, near.files) == (
        "near_duplicate",
        "warning",
        ("0.png", "1.png", "2.png", "3.png"),
    )
    assert near.detail.startswith("4 samples of 'ig' show the same: copies, or overlapping")
    assert exact.files == ("0.png", "1.png")


def test_a_copy_under_another_label_puts_all_copies_in_doubt() -> None:
    samples = cells(*[("ig", {}, None)] * 3, ("platelet", {}, None))
    near, conflict = about_ties(found(samples, ["a", "b", "c", "d"], pairs=[(0, 1), (1, 3)]))
    assert near.files == ("0.png", "1.png", "3.png")
    assert conflict.files == ("0.png", "1.png", "3.png")
    assert conflict.detail == "copies of one image are labelled 'ig', 'platelet'"


def test_overlapping_cuts_under_two_labels_are_kept_together_but_are_no_conflict() -> None:
    samples = cells(("ig", {}, None), ("platelet", {}, None))
    result = found(samples, ["a", "b"], pairs=[(0, 1, 0.5)])
    (near,) = about_ties(result)
    assert (near.kind, near.files) == ("near_duplicate", ("0.png", "1.png"))
    assert near.detail.startswith("2 samples of 'ig', 'platelet' show the same")
    assert result.conflicts == ()
    assert result.clusters == ((0, 1),)
    assert result.units.tolist() == [0, 0]


def test_unreadable_files_are_reported_and_are_no_duplicates() -> None:
    samples = cells(*[("ig", {}, None)] * 3)
    result = found(samples, ["", "", "c"], unreadable={1: "gone", 0: "the file is empty"})
    assert [(f.kind, f.files, f.detail) for f in about_ties(result)] == [
        ("unreadable", ("0.png",), "the file is empty"),
        ("unreadable", ("1.png",), "gone"),
    ]
    assert result.units.tolist() == [0, 1, 2]
    assert [size.readable for size in result.classes] == [1, 0]


def test_a_set_without_a_readable_image_has_findings_and_no_probe() -> None:
    result = found(cells(*[("ig", {}, None)] * 2), ["", ""], unreadable={0: "empty", 1: "empty"})
    assert not result.safe
    assert result.probe is None


def test_a_hash_for_every_sample_is_asked_for() -> None:
    with pytest.raises(DataError, match=r"one hash a sample. Received: 1 for 2"):
        audit(cells(*[("ig", {}, None)] * 2), content=["a"])


def test_errors_make_a_set_unsafe_and_warnings_do_not() -> None:
    leak = cells(*[("ig", {}, "train")] * 3, *[("platelet", {}, "test")] * 3)
    fine = found(leak, list("abcdef"))
    assert fine.safe
    assert fine.verdict == "Safe to use with care: no errors, 2 warnings."
    leaking = found(leak, list("abccef"))
    assert not leaking.safe
    assert leaking.verdict == "Not safe to use as it is: 2 errors."  # the leak, and two labels


def test_sources_are_those_of_images_that_can_be_read() -> None:
    samples = cells(*[("ig", {}, None)] * 4)
    assert found(samples, ["a", "a", "b", ""], unreadable={3: "the file is empty"}).sources == 2


def test_images_without_a_label_are_judged_by_what_needs_none() -> None:
    samples = cells(*[("", {}, "train")] * 3, *[("", {}, "test")] * 2)
    bare = replace(samples, classes=())
    result = found(bare, ["a", "a", "b", "c", "b"], pairs=[(0, 3)], unreadable={})
    assert [(one.kind, one.severity) for one in about_ties(result)] == [
        ("exact_duplicate", "note"),
        ("exact_duplicate", "note"),
        ("near_duplicate", "warning"),
        ("split_leak", "error"),
        ("split_leak", "error"),
    ]
    assert result.findings[0].detail == "2 samples are the same image"
    assert result.findings[2].detail.startswith("3 samples show the same: copies, or")
    assert result.class_table().index.tolist() == [""]
    lines = result.summary().splitlines()
    assert lines[0] == "5 images without labels"
    assert lines[3].split() == ["(no", "label)", "5", "5", "2", "1.9"]
    assert "No background probe: there are no labels" in lines


def test_an_image_without_a_label_contradicts_no_copy_that_has_one() -> None:
    result = found(cells(("ig", {}, None), ("", {}, None)), ["a", "a"])
    assert result.conflicts == ()
    assert result.samples.headline == "2 images of 2 classes, 1 without a label"


def test_the_json_is_a_list_of_findings_with_four_keys() -> None:
    result = found(cells(*[("ig", {}, None)] * 2), ["a", "a"])
    listed = json.loads(json.dumps(result.as_json()))
    assert [set(one) for one in listed] == [{"kind", "severity", "files", "detail"}] * len(listed)
    assert listed[0]["kind"] == "exact_duplicate"
    assert listed[0]["files"] == ["0.png", "1.png"]
    assert list(result.to_frame()["kind"]) == [one["kind"] for one in listed]


def test_the_table_of_classes_has_a_row_for_each() -> None:
    table = found(cells(("ig", {}, None), ("ig", {}, None)), ["a", "a"]).class_table()
    assert list(table.index) == ["ig", "platelet"]
    assert table.loc["ig", ["files", "readable", "units"]].tolist() == [2, 2, 1]


def test_the_summary_says_classes_probe_findings_and_verdict() -> None:
    samples = cells(*[("ig", {}, "train")] * 4, ("platelet", {}, "test"))
    lines = found(samples, list("abcda")).summary().splitlines()
    assert lines[0] == "5 images of 2 classes"
    assert lines[2].split() == ["class", "files", "readable", "sources", "effective"]
    assert lines[3].split() == ["ig", "4", "4", "4", "4.0"]
    assert "No background probe" in lines[6]
    assert "split_leak: 1 (error)" in lines
    assert "small_class: 2 (1 error, 1 warning)" in lines
    assert lines[-1].startswith("Not safe to use as it is")


def test_every_image_of_a_folder_is_looked_at(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", {"ig": 3, "platelet": 3})
    files = sorted((tmp_path / "set").rglob("*.png"))
    files[0].write_bytes(files[1].read_bytes())
    samples = Samples(
        samples=tuple(
            Sample(id=f.name + f.parent.name, label=f.parent.name, path=str(f)) for f in files
        ),
        classes=("ig", "platelet"),
    )
    result = audit(samples, cache=tmp_path / "cache")
    assert result.findings[0].kind == "exact_duplicate"
    assert result.units.tolist() == [0, 0, 1, 2, 3, 4]


PATIENTS, FIELDS = st.sampled_from(["", "p", "q"]), st.sampled_from(["", "p", "r"])


@settings(deadline=None)
@given(st.lists(st.tuples(PATIENTS, FIELDS, st.integers(0, 9)), min_size=1, max_size=20))
def test_two_samples_that_share_anything_share_a_unit(drawn: list[tuple[str, str, int]]) -> None:
    samples = cells(*[("ig", {"patient": p, "field": f}, None) for p, f, _ in drawn])
    units = found(samples, [str(c) for _, _, c in drawn]).units
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
