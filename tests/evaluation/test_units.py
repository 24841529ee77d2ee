"""Which rows are independent."""

from __future__ import annotations

import numpy as np
import pytest

from cellclf.evaluation.units import independent_units


@pytest.mark.parametrize("empty", ["", None, np.nan])
def test_rows_without_groups_are_units_of_their_own(empty):
    assert independent_units([empty] * 3).tolist() == [0, 1, 2]


def test_rows_that_share_any_group_hang_together_over_others():
    groups = ["patient=1; slide=4", "patient=2; slide=4", "patient=2; slide=5", "patient=1 "]
    assert independent_units(groups).tolist() == [0, 0, 0, 1]


def test_names_that_mean_different_things_do_not_tie():
    assert independent_units(["patient=1", "slide=1", "1"]).tolist() == [0, 1, 2]
