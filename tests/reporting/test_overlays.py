from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colormaps

from cellclf.reporting.overlays import COLOURS, overlaid


def test_where_a_map_is_zero_the_image_is_only_made_grey() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    drawn = overlaid(image, np.zeros((6, 5), np.float32))
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (drawn == drawn[..., :1]).all()
    red, green, blue = np.moveaxis(image.astype(float), -1, 0)
    np.testing.assert_allclose(drawn[..., 0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=0.51)


def test_the_higher_the_map_the_more_of_its_colour_and_the_image_shines_through() -> None:
    image = np.zeros((1, 11, 3), np.uint8)
    image[0, 10] = 255
    values = np.linspace(0, 1, 11, dtype=np.float32)[None]
    values[0, 10] = values[0, 9]
    drawn = overlaid(image, values).astype(int)
    assert (np.diff(drawn[0, :10].sum(axis=1)) > 0).all()
    assert (drawn[0, 10] > drawn[0, 9]).all()
    highest = overlaid(image[:, :1], np.ones((1, 1), np.float32))[0, 0] / 255
    np.testing.assert_allclose(highest, 0.65 * np.array(colormaps[COLOURS](1.0)[:3]), atol=0.01)


def test_the_colours_are_told_apart_by_their_brightness_alone() -> None:
    """So they are by a reader who sees no colours, or fewer."""
    linear = ((np.array(colormaps[COLOURS](np.linspace(0, 1, 50)))[:, :3] + 0.055) / 1.055) ** 2.4
    brightness = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) > 0).all()


def test_neither_image_nor_map_is_changed() -> None:
    image, values = np.full((3, 3, 3), 9, np.uint8), np.full((3, 3), 0.5, np.float32)
    overlaid(image, values)
    assert (image == 9).all()
    assert (values == 0.5).all()


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="must have the image's height and width"):
        overlaid(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.float32))
