from __future__ import annotations

import pytest
from cellclf_blood.vocabulary import CLASSES, class_of_file, class_of_folder


@pytest.mark.parametrize("label", CLASSES)
def test_a_class_is_known_by_its_own_name_its_plural_and_its_upper_case(label: str) -> None:
    assert {class_of_folder(name) for name in (label, f"{label}s", label.upper())} == {label}


@pytest.mark.parametrize(
    "name",
    [
        "ig",
        "IG",
        "immature granulocytes",
        "Immature_Granulocytes (IG)",
        "immature_granulocytes(myelocytes, metamyelocytes, promyelocytes)",
        "4. immature-granulocyte",
    ],
)
def test_immature_granulocytes_are_known_by_every_published_name(name: str) -> None:
    assert class_of_folder(name) == "ig"


@pytest.mark.parametrize(
    "name", ["", "2020", "images", "reactive lymphocytes", "granulocytes", "basophil_eosinophil"]
)
def test_a_name_that_says_more_or_less_than_one_class_means_none(name: str) -> None:
    assert class_of_folder(name) is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("BA_1.jpg", "basophil"),
        ("EO_1.jpg", "eosinophil"),
        ("ERB_1.jpg", "erythroblast"),
        ("MMY_1.jpg", "ig"),
        ("MY_1.jpg", "ig"),
        ("PMY_1.jpg", "ig"),
        ("IG_1.jpg", "ig"),
        ("LY_1.jpg", "lymphocyte"),
        ("MO_1.jpg", "monocyte"),
        ("BNE_1.jpg", "neutrophil"),
        ("SNE_1.jpg", "neutrophil"),
        ("NEUTROPHIL_1.jpg", "neutrophil"),
        ("PLATELET_1.jpg", "platelet"),
        ("MOLD_1.jpg", None),
        ("1.jpg", None),
    ],
)
def test_a_published_file_name_says_its_class(name: str, label: str | None) -> None:
    assert class_of_file(name) == label
