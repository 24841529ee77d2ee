"""Looking at images from several sides, with an engine whose arithmetic can be followed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.engines.ensemble import Averaged
from cellclf.engines.views import VIEWS, Viewed, turned, views_named
from cellclf.errors import DataError
from cellclf.network.outputs import Outputs
from cellclf.terms import Views

SIZE = 6
SEVERAL: tuple[Views, ...] = ("flips", "dihedral")


class Corner:
    """Sees the three colours of one corner alone; each call is counted."""

    name = "corner"
    batch_size = 8

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        self.calls.append(len(images))
        colours = images[:, 0, 0].astype(np.float32) + 1
        return Outputs(probabilities=colours / colours.sum(axis=1, keepdims=True), features=colours)


class Brightness(Corner):
    """Sees the mean of all pixels: the same from all sides."""

    name = "brightness"

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        colours = images.mean(axis=(1, 2), dtype=np.float64).astype(np.float32) + 1
        return Outputs(probabilities=colours / colours.sum(axis=1, keepdims=True), features=colours)


def images(number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (number, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("views", SEVERAL)
def test_every_view_is_another_and_there_are_as_many_as_is_said(views: Views) -> None:
    sides = turned(images(1), views)
    assert len({side.tobytes() for side in sides}) == len(sides) == VIEWS[views]


@pytest.mark.parametrize("views", SEVERAL)
def test_views_of_a_view_are_the_same_views(views: Views) -> None:
    sides = turned(images(1), views)
    wanted = {side.tobytes() for side in sides}
    for side in sides:
        assert {one.tobytes() for one in turned(side, views)} == wanted


def test_eight_views_are_the_four_turns_of_an_image_and_of_its_mirror_image() -> None:
    (image,) = images(1)
    turns = [np.rot90(one, quarter) for one in (image, image[::-1]) for quarter in range(4)]
    found = turned(image[None], "dihedral")
    assert {one.tobytes() for one in turns} == {view[0].tobytes() for view in found}


@pytest.mark.parametrize("number", [1, 3, 8, 11])
def test_probabilities_are_the_mean_over_views_however_many_images_there_are(number: int) -> None:
    engine = Corner()
    found = Viewed(engine, "dihedral")(images(number))
    each = [Corner()(np.ascontiguousarray(view)) for view in turned(images(number), "dihedral")]
    mean = np.mean([one.probabilities for one in each], axis=0)
    np.testing.assert_allclose(found.probabilities, mean, rtol=1e-6)
    np.testing.assert_array_equal(found.features, np.stack([one.features for one in each], axis=1))
    assert found.probabilities.dtype == found.features.dtype == np.float32
    assert max(engine.calls) <= max(number, engine.batch_size)


def test_a_single_image_is_looked_at_from_all_sides_at_once() -> None:
    engine = Corner()
    Viewed(engine, "dihedral")(images(1))
    assert engine.calls == [8]


@pytest.mark.parametrize("views", SEVERAL)
def test_an_engine_to_which_sides_are_the_same_says_the_same(views: Views) -> None:
    plain = Brightness()(images(5))
    found = Viewed(Brightness(), views)(images(5))
    np.testing.assert_allclose(found.probabilities, plain.probabilities, rtol=1e-6)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_an_image_that_was_turned_is_seen_as_before(quarter: int) -> None:
    given = images(4)
    engine = Viewed(Corner(), "dihedral")
    of_turned = engine(np.rot90(given, quarter, axes=(1, 2)))
    np.testing.assert_allclose(of_turned.probabilities, engine(given).probabilities, rtol=1e-6)


def test_views_that_there_are_not_are_refused() -> None:
    with pytest.raises(DataError, match=r"none, flips, dihedral\. Received: 'flip'\. Did you mean"):
        views_named("flip")


def test_several_engines_say_the_mean_of_what_their_probabilities_mean() -> None:
    given = images(4)
    sharper = Averaged([(Corner(), lambda p: p), (Brightness(), lambda p: p**2)])
    found = sharper(given)
    wanted = (Corner()(given).probabilities + Brightness()(given).probabilities ** 2) / 2
    np.testing.assert_allclose(found.probabilities, wanted, rtol=1e-6)
    np.testing.assert_array_equal(found.features, Corner()(given).features)
    assert sharper.name == "corner + brightness"
