"""New images beside those of training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cellclf.errors import DataError
from cellclf.evaluation.drift import (
    FEWEST_OF_CLASS,
    MEASURES,
    NOTABLE,
    Departure,
    Drift,
    UsualLook,
)

NAMES = tuple(one.name for one in MEASURES)


def looks(number: int, *, seed: int = 0, shift: float = 0.0, measure: str = "sharpness"):
    values = np.random.default_rng(seed).normal(size=(number, len(MEASURES)))
    values[:, NAMES.index(measure)] += shift
    return values


USUAL = UsualLook.of(looks(2000, seed=99), np.arange(2000) % 2, classes=2)


def compared(values, taken_for=0) -> Drift:
    return USUAL.compared(values, np.full(len(values), taken_for))


def test_images_like_those_of_training_give_no_drift_however_many_there_are() -> None:
    for number in (0, 1, 5, 100, 50_000):
        found = compared(looks(number, seed=number))
        assert found.departures == ()
        assert found.images == number


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), number=st.integers(1, 300))
def test_a_random_batch_gives_no_drift(seed, number):
    assert compared(looks(number, seed=seed + 1000)).departures == ()


@pytest.mark.parametrize("number", [5, 100, 5000])
@pytest.mark.parametrize("measure", NAMES)
def test_a_shift_of_any_measure_is_said_with_its_direction(measure: str, number: int) -> None:
    lower = compared(looks(number, shift=-5, measure=measure)).departures
    higher = compared(looks(number, shift=5, measure=measure)).departures
    assert [(one.measure, one.side) for one in lower] == [(measure, "lower")]
    assert [(one.measure, one.side) for one in higher] == [(measure, "higher")]
    assert higher[0].by == pytest.approx(5, abs=1)


def test_one_image_alone_is_no_drift() -> None:
    assert compared(looks(1, shift=50)).departures == ()


def test_a_small_shift_of_very_many_images_is_no_drift() -> None:
    # 3.2 % of the images pass the end that 1 % pass in training: sure, and nothing to speak of.
    assert compared(looks(50_000, shift=0.47)).departures == ()


def test_a_third_of_the_images_is_enough() -> None:
    values = looks(90)
    values[::3, NAMES.index("sharpness")] -= 6
    (found,) = compared(values).departures
    assert found.share == pytest.approx(1 / 3, abs=0.03)
    assert found.by > 4
    level = 1 - 2 * 0.05 / (2 * len(MEASURES))
    hits = round(found.share * 90)
    assert found.at_least == pytest.approx(
        stats.binomtest(hits, 90).proportion_ci(level, "exact").low
    )


def test_a_departure_is_counted_and_measured_by_the_class_that_each_is_taken_for() -> None:
    first, second = looks(1000, seed=1), looks(1000, seed=2, shift=4)
    usual = UsualLook.of(np.concatenate([first, second]), np.repeat([0, 1], 1000), classes=2)
    new, taken_for = looks(100, seed=3, shift=7), np.arange(100) % 2
    (found,) = usual.compared(new, taken_for).departures
    column = NAMES.index("sharpness")
    ends = np.quantile([one[:, column] for one in (first, second)], 0.99, axis=1)
    end = np.quantile(np.concatenate([first, second])[:, column], 0.99)
    beyond = new[:, column] > np.maximum(end, ends[taken_for])
    middles = np.array([np.median(one[:, column]) for one in (first, second)])
    assert found.share == beyond.mean()
    assert found.by == pytest.approx(np.median((new[:, column] - middles[taken_for])[beyond]))


def test_blocks_of_images_are_compared_as_all_are_together() -> None:
    values, taken_for = looks(600, shift=4), np.arange(600) % 2
    pieces = np.split(values, [1, 200, 577]), np.split(taken_for, [1, 200, 577])
    found = USUAL.compared_in_blocks(zip(*pieces, strict=True))
    assert found == USUAL.compared(values, taken_for)
    assert (found.images, len(found.departures)) == (600, 1)


def test_the_bound_is_that_of_scipy_for_all_ends_together() -> None:
    (found,) = compared(looks(40, shift=-9)).departures
    level = 1 - 2 * 0.05 / (2 * len(MEASURES))
    exact = stats.binomtest(40, 40).proportion_ci(level, "exact").low
    assert found.share == 1
    # With all hits, the two-sided interval of half the tail ends where the one-sided does.
    assert found.at_least == pytest.approx(exact)
    assert found.at_least > NOTABLE


def test_a_batch_of_one_class_is_no_drift_where_the_class_is_rare_nor_where_it_is_mistaken() -> (
    None
):
    common, rare = looks(5000, seed=1), looks(60, seed=2, shift=8)
    usual = UsualLook.of(np.concatenate([common, rare]), np.repeat([0, 1], [5000, 60]), classes=2)
    batch = looks(40, seed=3, shift=8)
    assert usual.compared(batch, np.ones(40, int)).departures == ()
    # Taken for the common class, which looks otherwise, they are a drift. Common ones that are
    # taken for the rare class are none: training images look like that.
    assert usual.compared(batch, np.zeros(40, int)).departures
    assert usual.compared(looks(40, seed=4), np.ones(40, int)).departures == ()


@pytest.mark.parametrize("few", [2, 10, FEWEST_OF_CLASS - 1])
def test_a_class_of_few_images_has_its_own_range_made_wider(few: int) -> None:
    training = np.concatenate([looks(1000), looks(few, seed=1, shift=12)])
    usual = UsualLook.of(training, np.repeat([0, 1], [1000, few]), classes=3)
    own = training[1000:]
    width = np.ptp(own, axis=0)
    np.testing.assert_allclose(usual.bands[1, :, 0], own.min(axis=0) - width)
    np.testing.assert_allclose(usual.bands[1, :, 2], own.max(axis=0) + width)
    np.testing.assert_array_equal(usual.bands[2], usual.bands[-1])
    if few >= 10:
        batch = looks(200, seed=2, shift=12)
        assert usual.compared(batch, np.ones(200, int)).departures == ()


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), order=st.permutations(range(3)))
def test_permuting_classes_and_images_changes_nothing(seed, order):
    training, labels = looks(600, seed=seed), np.arange(600) % 3
    new, taken_for = looks(80, seed=seed + 1, shift=2.5), np.arange(80) % 3
    place = np.array(order)
    wanted = UsualLook.of(training, labels, classes=3).compared(new, taken_for)
    found = UsualLook.of(training, place[labels], classes=3).compared(
        new[::-1], place[taken_for[::-1]]
    )
    assert found == wanted


def test_what_a_bundle_keeps_is_small_and_comes_back() -> None:
    arrays = USUAL.arrays()
    assert sum(array.nbytes for array in arrays.values()) < 1000
    found = UsualLook.read(arrays, classes=2)
    assert found is not None
    np.testing.assert_allclose(found.bands, USUAL.bands, rtol=1e-6)


def test_other_measures_are_not_compared_and_other_shapes_are_refused() -> None:
    assert UsualLook.read({}, classes=2) is None
    assert UsualLook.read({"another": np.zeros(3)}, classes=2) is None
    (name,) = USUAL.arrays()
    with pytest.raises(DataError, match=r"shape \(4, 7, 3\)\. Received: shape \(3, 7, 3\)$"):
        UsualLook.read(USUAL.arrays(), classes=3)
    with pytest.raises(DataError, match=f"^'{name}' must hold numbers"):
        UsualLook.read({name: np.full((3, 7, 3), np.nan)}, classes=2)
    with pytest.raises(DataError, match=r"from training images\. Received: none"):
        UsualLook.of(looks(0), [], classes=2)


def test_the_furthest_is_said_first_in_words() -> None:
    values = looks(200, shift=-3, measure="background_l")
    values[:, NAMES.index("sharpness")] -= 9
    said = compared(values).sentences()
    assert said[0].startswith("100 % of the images are less sharp than is usual in training (")
    assert "have a darker background than is usual in training" in said[1]
    assert said[1].endswith(" L* off the middle)")


def test_a_departure_is_said_with_its_share_and_distance() -> None:
    one = Departure(measure="stain_b", side="higher", share=0.256, at_least=0.2, by=3.14)
    assert one.sentence() == (
        "26 % of the images have a yellower stain (darkest parts) than is usual in training "
        "(3.1 b* off the middle)"
    )
    one = Departure(measure="sharpness", side="higher", share=0.5, at_least=0.4, by=3.0)
    assert one.sentence() == (
        "50 % of the images are sharper than is usual in training (8.0 times off the middle)"
    )


def test_of_a_single_image_nothing_can_be_said() -> None:
    assert Drift(images=1).without() == "not known; a single image cannot tell"
    assert Drift(images=1200).without() == (
        "none found in stain, light and focus of 1,200 images; what they show is not compared"
    )
