from __future__ import annotations

import pytest
from cellclf_malaria.names import class_of_folder, patient_of_file


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("C132P93ThinF_IMG_20151004_152257_cell_112.png", "P93"),
        ("ParasitizedC171P132ThinF_IMG_20151119_153851_cell_249.png", "P132"),
        ("C39P4thinF_original_IMG_20150622_114804_cell_33.png", "P4"),
        ("C186P147NThinF_IMG_20151203_150557_cell_180.png", "P147"),
        ("C62P23N_ThinF_IMG_20150818_132918_cell_191.png", "P23"),
        ("ParasitizedC33P1thinF_IMG_20150619_115740a_cell_163.png", "P1"),
        ("C167P128ReThinF_IMG_20151201_110011_cell_232.png", "P128"),
        ("C47P8thin_Original_Motic_IMG_20150714_094054_cell_189.png", "P8"),
        ("C47P8thinOriginalOlympusCX21_IMG_20150717_172748_cell_158.png", "P8"),
        ("C37BP2_thinF_IMG_20150620_131423a_cell_92.png", "P2"),
        ("C51AP12thinF_IMG_20150724_155557_cell_75.png", "P12"),
        ("C234ThinF_IMG_20151112_162759_cell_152.png", "C234"),
        ("C6NThinF_IMG_20150609_122421_cell_49.png", "C6"),
        ("C4thin_original_IMG_20150608_165540_cell_184.png", "C4"),
        ("C1_thinF_IMG_20150604_104722_cell_9.png", "C1"),
        ("IMG_20150604_104722_cell_9.png", None),
        ("cell_9.png", None),
    ],
)
def test_the_patient_is_read_from_every_form_of_name(name: str, patient: str | None) -> None:
    assert patient_of_file(name) == patient


def test_cases_of_one_patient_belong_together() -> None:
    assert patient_of_file("C37AP2_thinF_x.png") == patient_of_file("C37BP2_thinF_y.png")


def test_a_patient_and_a_control_of_one_number_are_two() -> None:
    assert patient_of_file("C40P4thinF_x.png") != patient_of_file("C4thin_original_x.png")


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("Parasitized", "parasitized"),
        ("UNINFECTED", "uninfected"),
        ("Infected", "parasitized"),
        ("cell_images", None),
    ],
)
def test_the_class_is_read_from_the_folder(folder: str, label: str | None) -> None:
    assert class_of_folder(folder) == label
