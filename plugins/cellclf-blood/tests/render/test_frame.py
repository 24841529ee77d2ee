from __future__ import annotations

import numpy as np
import pytest
from cellclf_blood.render.frame import Frame, visible


def test_a_frame_reaches_as_far_as_asked_and_has_a_middle_pixel() -> None:
    assert Frame.around(5.0, scale=8.0).side == 81


@pytest.mark.parametrize(
    ("centre", "rows", "columns"),
    [((0, 0), 11, 11), ((16, 0), 11, 6), ((-16, 16), 5, 5), ((40, 0), 11, 0)],
)
def test_a_window_is_cut_at_the_border_of_the_field(
    centre: tuple[int, int], rows: int, columns: int
) -> None:
    outer, inner = visible(np.array(centre, float), 11, 32, 1.0)
    seen = np.zeros((32, 32))[outer].shape
    assert seen == np.zeros((11, 11))[inner].shape
    assert seen == pytest.approx((rows, columns), abs=1)
