from __future__ import annotations

import cv2
import numpy as np
import pytest

from cellclf.auditing.appearance import BINS, SIDES, appearance
from tests.data.image_files import noise, picture


def test_a_blurred_image_is_less_sharp_at_whatever_size_it_is_stored() -> None:
    sharp = cv2.resize(noise(40, 40), (200, 200), interpolation=cv2.INTER_NEAREST)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 6)
    enlarged = cv2.resize(blurred, (800, 800))
    figures = [float(appearance(np.asarray(i, np.uint8))["sharpness"]) for i in (sharp, blurred)]
    large = float(appearance(np.asarray(enlarged, np.uint8))["sharpness"])
    assert figures[0] > 10 * figures[1]
    assert large < figures[0] / 10


def test_colour_is_that_of_cie_lab() -> None:
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 255
    # CIE L*a*b* of sRGB red under D65: 53.2, 80.1, 67.2.
    np.testing.assert_allclose(appearance(red)["colour"], [53.2, 80.1, 67.2], atol=1)


@pytest.mark.parametrize("shape", [(100, 100), (40, 200), (1, 1), (2, 5), (3, 3), (700, 300)])
def test_the_border_says_nothing_of_the_inside(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    other = image.copy()
    inner = [slice(int(0.1 * side) + 1, side - int(0.1 * side) - 1) for side in shape]
    other[inner[0], inner[1]] = 0
    np.testing.assert_allclose(appearance(other)["border"], appearance(image)["border"])


def test_the_border_tells_its_sides_apart_and_its_histograms_sum_to_one() -> None:
    image = picture(60, 60).copy()
    image[:4] = 255
    border = appearance(image)["border"]
    assert border[0] == pytest.approx(100, abs=0.5)
    assert border[3] < 95
    histograms = border[SIDES * 3 + 3 :].reshape(3, BINS)
    np.testing.assert_allclose(histograms.sum(axis=1), 1, atol=1e-6)
