"""Which rows are independent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cellclf.evaluation.units import group_ties, independent_units


@pytest.mark.parametrize("empty", ["", None, np.nan])
def test_rows_without_groups_are_units_of_their_own(empty):
    assert independent_units([empty] * 3).tolist() == [0, 1, 2]


def test_rows_that_share_any_group_hang_together_over_others():
    groups = ["patient=1; slide=4", "patient=2; slide=4", "patient=2; slide=5", "patient=1 "]
    assert independent_units(groups).tolist() == [0, 0, 0, 1]


def test_names_that_mean_different_things_do_not_tie():
    assert independent_units(["patient=1", "slide=1", "1"]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("cell", "ties"),
    [
        ("patient=7; slide=4", ["patient=7", "slide=4"]),
        ("patient=7;slide=4", ["patient=7;slide=4"]),
        ("Smith; patient=7", ["Smith; patient=7"]),
        (7, ["7"]),
        ("", []),
        (None, []),
        (pd.NA, []),
    ],
)
def test_a_cell_ties_its_row_by_each_of_its_groups(cell, ties):
    assert group_ties(cell) == ties


def test_a_name_that_holds_the_separator_ties_as_a_whole():
    groups = ["Smith; J", "Smith; K", "Smith; J", "", "patient=7; slide=4", "slide=4; patient=9"]
    assert independent_units(groups).tolist() == [0, 1, 0, 2, 3, 3]
    assert independent_units(iter(groups)).dtype == np.intp
