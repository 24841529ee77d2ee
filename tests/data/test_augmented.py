"""One image as an epoch shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellclf.data.augmented import ORDER, TURNS, Augment, augmented, augmented_views, generator
from cellclf.errors import PluginError

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

counters = st.integers(0, 2**32)
keys = st.tuples(st.integers(0, 2**64 - 1), counters, counters, counters)


def noise(image: NDArray[np.uint8], rng: np.random.Generator, params: int) -> NDArray[np.uint8]:
    return rng.integers(0, params, image.shape, dtype=np.uint8)


def view(
    chain: Augment, *, seed: int = 1, epoch: int = 0, row: int = 0, turn: int = 0
) -> NDArray[np.uint8]:
    return augmented(IMAGE, chain, seed=seed, epoch=epoch, row=row, turn=turn)


@given(keys, keys)
def test_a_view_is_the_same_each_time_and_no_other_is_like_it(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> None:
    assume(one != other)
    chain = [(noise, 256)]
    first, again, second = (
        view(chain, seed=seed, epoch=epoch, row=row, turn=turn)
        for seed, epoch, row, turn in (one, one, other)
    )
    assert (first == again).all()
    assert (first != second).any()


def test_what_random_numbers_are_for_makes_others_of_the_same_key() -> None:
    drawn = {int(generator(1, purpose, 5).integers(2**62)) for purpose in (TURNS, ORDER)}
    assert len(drawn) == 2


def test_augmentations_follow_each_other_in_order() -> None:
    def add(image: NDArray[np.uint8], rng: object, params: int) -> NDArray[np.uint8]:
        return image + np.uint8(params)

    def double(image: NDArray[np.uint8], rng: object, params: object) -> NDArray[np.uint8]:
        return image * np.uint8(2)

    assert (view([(add, 3), (double, None)]) == (IMAGE + 3) * 2).all()
    assert (view([]) == IMAGE).all()


def test_an_augmentation_that_changes_shape_or_type_is_named() -> None:
    def halve(image: NDArray[np.uint8], rng: object, params: object) -> NDArray[np.uint8]:
        return image[::2]

    def scale(image: NDArray[np.uint8], rng: object, params: object) -> NDArray[Any]:
        return image / 255

    for broken in (halve, scale):
        with pytest.raises(PluginError, match=broken.__name__):
            view([(broken, None)])


def test_an_augmentation_cannot_write_into_the_images() -> None:
    def black_out(image: NDArray[np.uint8], rng: object, params: object) -> NDArray[np.uint8]:
        image[:] = 0
        return image

    for chain in ([(black_out, None)], [(noise, 256), (black_out, None)]):
        with pytest.raises(ValueError, match="read-only"):
            view(chain)
    assert IMAGE.flags.writeable


def test_a_sheet_has_the_views_of_the_first_epoch_of_each_image() -> None:
    images = np.stack([IMAGE, IMAGE + 100])
    sheet = augmented_views(images, [1, 0], [(noise, 256)], seed=1, views=2)
    assert sheet.shape == (2, 2, 4, 4, 3)
    for place, row in enumerate([1, 0]):
        for turn in range(2):
            assert (sheet[place, turn] == view([(noise, 256)], row=row, turn=turn)).all()
