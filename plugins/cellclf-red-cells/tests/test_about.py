from __future__ import annotations

import pytest
from cellclf_red_cells.about import CLASSES, UNCATEGORISED, class_of_folder, class_of_number


def test_there_are_twelve_shapes_in_the_published_order() -> None:
    assert len(CLASSES) == 12
    numbered = [class_of_number(number) for number in range(13)]
    assert numbered.pop(UNCATEGORISED) is None
    assert tuple(numbered) == CLASSES
    assert class_of_number(13) is None


@pytest.mark.parametrize("name", ["target", "Target cells", "04_target_cell", "TARGET RBCs"])
def test_a_shape_is_read_from_the_common_forms_of_a_folders_name(name: str) -> None:
    assert class_of_folder(name) == "target"


@pytest.mark.parametrize("name", ["Dataset", "normal or burr", "cells", "targets and more", ""])
def test_a_folder_that_names_no_shape_or_two_means_none(name: str) -> None:
    assert class_of_folder(name) is None


def test_every_shape_is_its_own_folder() -> None:
    assert [class_of_folder(name) for name in CLASSES] == list(CLASSES)
