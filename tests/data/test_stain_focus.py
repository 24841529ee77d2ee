"""Stain, light and focus of images."""

from __future__ import annotations

import cv2
import numpy as np

from cellclf.data.stain_focus import MEASURES, stain_and_focus
from cellclf.evaluation import drift


def cell(seed: int = 0) -> np.ndarray:
    """A dark disc on a light ground, with noise."""
    noise = np.random.default_rng(seed).integers(-8, 9, (64, 64, 3))
    image = np.full((64, 64, 3), (225, 205, 200), np.uint8)
    cv2.circle(image, (32, 32), 14, (90, 40, 130), -1)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def measured(image: np.ndarray) -> dict[str, float]:
    (row,) = stain_and_focus(image[None])
    return dict(zip((one.name for one in drift.MEASURES), map(float, row), strict=True))


def test_every_measure_has_a_name() -> None:
    assert len(drift.MEASURES) == MEASURES


def test_background_and_stain_have_the_colours_that_they_were_given() -> None:
    found = measured(cell())
    for name, colour in (("background", (225, 205, 200)), ("stain", (90, 40, 130))):
        pixel = np.array([[colour]], np.float32) / 255
        wanted = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0]
        # The lightest and the darkest pixels lie a little beyond the mean of their kind.
        got = [found[f"{name}_{axis}"] for axis in "lab"]
        np.testing.assert_allclose(got, wanted, atol=5)


def test_blur_lowers_sharpness_and_leaves_colours() -> None:
    sharp, blurred = measured(cell()), measured(cv2.GaussianBlur(cell(), (0, 0), 2))
    assert blurred["sharpness"] < sharp["sharpness"] - 2
    assert abs(blurred["background_a"] - sharp["background_a"]) < 3


def test_less_light_is_a_darker_background() -> None:
    assert (
        measured((cell() * 0.8).astype(np.uint8))["background_l"]
        < measured(cell())["background_l"] - 10
    )


def test_an_image_does_not_depend_on_its_neighbours_and_of_none_there_is_nothing() -> None:
    images = np.stack([cell(seed) for seed in range(5)])
    np.testing.assert_array_equal(stain_and_focus(images)[3:4], stain_and_focus(images[3:4]))
    assert stain_and_focus(images[:0]).shape == (0, MEASURES)
