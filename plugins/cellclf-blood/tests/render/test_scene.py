from __future__ import annotations

import numpy as np
import pytest
from cellclf_blood.render.scene import CELLS, render
from cellclf_blood.vocabulary import CLASSES

MIDDLE = slice(26, 38)


def test_every_class_can_be_drawn() -> None:
    assert tuple(CELLS) == CLASSES


@pytest.mark.parametrize("name", CLASSES)
def test_a_picture_is_rgb_and_repeats_with_its_generator(name: str) -> None:
    first, second = (render(np.random.default_rng(5), name, 64) for _ in range(2))
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", CLASSES)
def test_the_cell_in_the_middle_is_darker_than_what_lies_around_it(name: str) -> None:
    pictures = np.stack([render(np.random.default_rng([9, n]), name, 64) for n in range(6)])
    assert pictures[:, MIDDLE, MIDDLE].mean() < pictures.mean() - 10


def test_the_same_cell_is_shown_at_every_size() -> None:
    # Textures draw as many numbers as there are pixels, so only the scene's frame can be compared.
    small, large = (
        render(np.random.default_rng(3), "platelet", size).mean(axis=(0, 1)) for size in (64, 128)
    )
    np.testing.assert_allclose(small, large, atol=12)
