from __future__ import annotations

import numpy as np
import pytest

from cellclf.data.samples import UNLABELLED, Sample, Samples, Split
from cellclf.errors import DataError


def cells(*labels: str) -> Samples:
    samples = tuple(Sample(id=f"{n}", label=name, path=f"{n}.png") for n, name in enumerate(labels))
    return Samples(samples=samples, classes=("ig", "monocyte", "platelet"))


def test_a_sample_is_at_a_path_or_at_an_index() -> None:
    Sample(id="a", label="ig", path="a.png")
    Sample(id="a", label="ig", index=0)
    with pytest.raises(DataError, match=r"must have either .* for sample 'a'"):
        Sample(id="a", label="ig")
    with pytest.raises(DataError, match="must have either"):
        Sample(id="a", label="ig", path="a.png", index=0)


def test_a_given_part_must_be_one_of_the_four() -> None:
    with pytest.raises(DataError, match=r"train, validation, calibration, test. Received: 'val'"):
        Sample(id="a", label="ig", path="a.png", split="val")


def test_ids_are_unique_and_labels_are_classes() -> None:
    twice = Sample(id="a", label="ig", path="a.png")
    with pytest.raises(DataError, match="Received twice: 'a'"):
        Samples(samples=(twice, twice), classes=("ig",))
    with pytest.raises(DataError, match="Received: basophil"):
        cells("basophil")


def test_labels_and_counts_follow_the_order_of_the_classes() -> None:
    samples = cells("platelet", "ig", "platelet")
    assert samples.labels.tolist() == [2, 0, 2]
    assert samples.counts == {"ig": 1, "monocyte": 0, "platelet": 2}


def test_a_row_gives_a_sample_and_a_slice_gives_several() -> None:
    samples = cells("platelet", "ig", "monocyte")
    assert samples[1].label == "ig"
    assert [sample.label for sample in samples[1:]] == ["ig", "monocyte"]


def test_what_is_kept_keeps_its_order_and_the_classes() -> None:
    kept = cells("platelet", "ig", "platelet").keep(np.array([False, True, True]))
    assert [sample.id for sample in kept] == ["1", "2"]
    assert kept.classes == ("ig", "monocyte", "platelet")


def test_classes_are_renamed_merged_and_left_out() -> None:
    samples = cells("platelet", "ig", "monocyte")
    changed = samples.relabel(rename={"ig": "other", "monocyte": "other"}, leave_out=["platelet"])
    assert changed.classes == ("other",)
    assert [(sample.id, sample.label) for sample in changed] == [("1", "other"), ("2", "other")]


@pytest.mark.parametrize(
    "wrong", [{"rename": {"monocite": "x"}}, {"rename": {}, "leave_out": ["monocite"]}]
)
def test_a_class_that_is_not_there_cannot_be_changed(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"'monocite' is not a class .* Did you mean 'monocyte'"):
        cells("ig").relabel(**wrong)  # type: ignore[arg-type]


def test_the_rows_of_a_part_come_in_order() -> None:
    split = Split(parts=np.array(["test", "train", "test"]))
    assert split.rows("test").tolist() == [0, 2]
    assert split.rows("calibration").tolist() == []


def test_samples_without_a_label_are_of_no_class_and_stay_when_classes_are_left_out() -> None:
    mixed = cells("ig", "", "platelet")
    assert mixed.labels.tolist() == [0, UNLABELLED, 2]
    assert [one.id for one in mixed.unlabelled] == ["1"]
    assert mixed.headline == "3 images of 3 classes, 1 without a label"
    left = mixed.relabel(rename={}, leave_out=["ig"])
    assert [one.id for one in left] == ["1", "2"]
    assert Samples(samples=mixed[1:2], classes=()).headline == "1 image without labels"


def test_ids_of_rows_are_sorted() -> None:
    assert cells("ig", "ig", "ig").ids([2, 0]) == ("0", "2")
