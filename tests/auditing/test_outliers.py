from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.appearance import APPEARANCE
from cellclf.auditing.file_facts import ALPHA, FORMS
from cellclf.auditing.findings import Finding
from cellclf.auditing.outliers import outlier_findings
from cellclf.auditing.suspicious import suspicious_findings
from cellclf.data.samples import Sample, Samples

COUNT = 200


def looks(count: int = COUNT) -> NDArray[Any]:
    """Images of one size that vary as cells do: normally in colour and in the log of sharpness."""
    rng = np.random.default_rng(3)
    rows = np.zeros(count, APPEARANCE)
    rows["height"] = rows["width"] = 360
    rows["colour"] = rng.normal((78, 11, 7), (2, 1.2, 1.8), (count, 3))
    rows["spread"] = 10
    rows["sharpness"] = np.exp(rng.normal(4, 0.3, count))
    rows["form"] = FORMS.index("JPEG")
    return rows


def cells(count: int = COUNT) -> Samples:
    return Samples(
        samples=tuple(
            Sample(id=f"{n:03}.jpg", label="ab"[n % 2], path=f"{n:03}.jpg") for n in range(count)
        ),
        classes=("a", "b"),
    )


def outliers(rows: NDArray[Any]) -> list[Finding]:
    return list(outlier_findings(cells(len(rows)), rows, np.ones(len(rows), bool)))


def test_a_clean_set_has_no_outliers() -> None:
    assert outliers(looks()) == []


def test_images_that_are_the_same_but_for_a_trifle_are_no_outliers() -> None:
    rows = looks()
    rows["colour"], rows["sharpness"] = (78, 11, 7), 50
    rows["colour"][3, 0] += 2
    rows["sharpness"][3] *= 1.1
    rows["height"][3] = 366
    assert outliers(rows) == []


def test_each_kind_of_outlier_is_one_finding_that_lists_its_files() -> None:
    rows = looks()
    rows["height"][[0, 2]] = 90
    rows["colour"][[4, 6], 1] = 40
    rows["sharpness"][8] = 0.2
    rows["sharpness"][10] = 5000
    size, colour, sharpness = outliers(rows)
    assert (size.kind, size.files) == ("size_outlier", ("000.jpg", "002.jpg"))
    assert size.detail == (
        "2 of 200 images are of another size than the rest (360 x 360 pixels): 360 x 90"
    )
    assert (colour.kind, colour.files) == ("colour_outlier", ("004.jpg", "006.jpg"))
    assert "2 of 100 images of 'a' are unlike the others" in colour.detail
    assert (sharpness.kind, sharpness.files) == ("sharpness_outlier", ("008.jpg", "010.jpg"))
    assert "1 blurred or empty, 1 unusually sharp" in sharpness.detail
    assert {finding.severity for finding in (size, colour, sharpness)} == {"note"}


def test_colours_are_compared_within_a_class() -> None:
    rows = looks()
    rows["colour"][1::2] += (0, 30, 30)
    assert outliers(rows) == []


def test_unreadable_images_and_tiny_classes_have_no_outliers() -> None:
    rows = looks()
    rows["colour"][4, 1] = 40
    readable = np.ones(COUNT, bool)
    readable[4] = False
    assert list(outlier_findings(cells(), rows, readable)) == []
    assert outliers(rows[:8]) == []


def suspicious(rows: NDArray[Any]) -> list[Finding]:
    return list(suspicious_findings(cells(len(rows)), rows, np.ones(len(rows), bool)))


def test_nothing_is_suspicious_about_plain_files() -> None:
    assert suspicious(looks()) == []


def test_every_odd_thing_is_one_finding() -> None:
    rows = looks()
    rows["spread"][0] = 0.1
    rows["width"][1] = 9
    rows["form"][[2, 3]] = FORMS.index("PNG")
    rows["flags"][5] = ALPHA
    rows["form"][7] = FORMS.index("unknown")
    blank, small, misnamed, alpha = suspicious(rows)
    assert {one.kind for one in (blank, small, misnamed, alpha)} == {"suspicious"}
    assert (blank.severity, blank.files) == ("warning", ("000.jpg",))
    assert blank.detail == "1 file is of one colour: nothing is to be seen"
    assert (small.severity, small.files) == ("warning", ("001.jpg",))
    assert (misnamed.severity, misnamed.files) == ("note", ("002.jpg", "003.jpg"))
    assert misnamed.detail == "2 files are called .jpg, but the content is PNG; it is read as that"
    assert (alpha.severity, alpha.files) == ("note", ("005.jpg",))
