from __future__ import annotations

import numpy as np
import pytest
from cellclf_blood.render.frame import Frame
from cellclf_blood.render.shapes import dots, ellipse, filled, inside_disc, outline, smooth_noise

FRAME = Frame.around(5.0, scale=8.0)


def test_an_ellipse_covers_its_area() -> None:
    area = filled(FRAME, [ellipse((0.5, -0.3), (3.0, 2.0), 0.4)]).sum() / FRAME.scale**2
    assert area == pytest.approx(np.pi * 3.0 * 2.0, rel=0.08)


def test_dots_lie_where_they_are_put() -> None:
    mask = dots(FRAME, np.array([[2.0, -1.0]]), np.array([0.5]))
    row, column = np.unravel_index(mask.argmax(), mask.shape)
    assert (column - 40, row - 40) == pytest.approx((16, -8), abs=3)


def test_no_dots_make_an_empty_mask() -> None:
    assert not dots(FRAME, np.empty((0, 2)), np.empty(0)).any()


def test_an_outline_keeps_the_mean_radius() -> None:
    points = outline(np.random.default_rng(1), 4.0, irregularity=0.03)
    assert np.hypot(*points.T).mean() == pytest.approx(4.0, rel=0.03)


def test_points_stay_inside_their_disc() -> None:
    points = inside_disc(np.random.default_rng(2), 200, 3.0)
    assert np.hypot(*points.T).max() <= 3.0


def test_noise_is_centred_and_fills_the_frame() -> None:
    noise = smooth_noise(np.random.default_rng(3), FRAME, 0.5)
    assert noise.shape == FRAME.shape
    assert abs(noise.mean()) < 0.2
    assert 0.5 < noise.std() < 1.1
