from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.network.distribution import Share
from cellclf.training.feed import ValidationFeed
from cellclf.training.shares import CountedCrossentropy, SharedBatches, rows_of


def shares(devices: int, processes: int) -> list[Share]:
    return [
        Share(devices=devices, process=number, processes=processes) for number in range(processes)
    ]


@given(st.integers(1, 70), st.integers(1, 4), st.integers(1, 4))
def test_every_row_counts_once_and_every_device_has_as_many_rows(
    size: int, processes: int, devices_each: int
) -> None:
    devices = processes * devices_each
    parts = [rows_of(size, share) for share in shares(devices, processes)]
    places = np.concatenate([places for places, _ in parts])
    counts = np.concatenate([counts for _, counts in parts])
    assert sorted(places[counts > 0]) == list(range(size))
    assert {len(mine) for mine, _ in parts} == {len(places) // processes}
    assert len(places) % devices == 0
    assert len(places) // devices <= size


@given(st.integers(1, 70), st.integers(2, 8))
def test_a_row_is_repeated_as_often_as_any_other_so_that_means_stay_as_they_are(
    size: int, devices: int
) -> None:
    places, _ = rows_of(size, Share(devices=devices))
    times = np.bincount(places, minlength=size)
    assert times.min() == times.max()


@pytest.mark.parametrize(("devices", "processes"), [(2, 2), (4, 2), (6, 3), (3, 1)])
def test_what_the_processes_prepare_is_the_batch_that_one_would_have_prepared(
    toy: Any, devices: int, processes: int
) -> None:
    whole = toy.batches(batch_size=12, balance="weights")
    parts = [SharedBatches(whole, share) for share in shares(devices, processes)]
    assert {len(part) for part in parts} == {len(whole)}
    for number in range(len(whole)):
        images, labels, weights = whole.batch(number, 1)
        x, y, w = (
            np.concatenate(arrays)
            for arrays in zip(*(part.batch(number, 1) for part in parts), strict=True)
        )
        np.testing.assert_array_equal(x[w > 0], images)
        np.testing.assert_array_equal(y[w > 0], labels)
        np.testing.assert_array_equal(w[w > 0], weights)
        assert len(x) % devices == 0


def test_a_process_makes_no_view_of_another_one(toy: Any) -> None:
    seen: list[int] = []

    def watched(image: Any, rng: Any, params: Any) -> Any:
        seen.append(1)
        return image

    whole = toy.batches(batch_size=12, chain=[(watched, None)])
    SharedBatches(whole, Share(devices=4, process=1, processes=4)).batch(0, 0)
    assert len(seen) == 12 // 4


def test_only_a_last_batch_that_does_not_divide_is_filled_up(toy: Any) -> None:
    whole = toy.batches(batch_size=12, balance="none")
    assert whole.size(len(whole) - 1) == 44 % 12 == 8
    assert not SharedBatches(whole, Share(devices=4)).filled_up
    assert SharedBatches(whole, Share(devices=3)).filled_up
    assert not SharedBatches(whole, Share()).filled_up


def test_processes_validate_every_row_once_between_them(toy: Any) -> None:
    images, rows, labels = toy.validation
    feeds = [
        ValidationFeed(images, rows, labels, num_classes=3, batch_size=8, share=share)
        for share in shares(4, 2)
    ]
    expected = ValidationFeed(images, rows, labels, num_classes=3, batch_size=8)
    for number in range(len(expected)):
        parts = [feed[number] for feed in feeds]
        for place, array in enumerate(expected[number]):
            np.testing.assert_array_equal(np.concatenate([part[place] for part in parts]), array)


LOGITS = np.random.default_rng(3).normal(size=(6, 3)).astype(np.float32)
TRUE = np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 1, 0]]
WEIGHTS = np.array([0.5, 1, 2, 2, 1, 0.5], np.float32)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_where_every_row_counts_the_loss_is_that_of_keras(weights: Any) -> None:
    plain = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    counted = CountedCrossentropy(label_smoothing=0.1)
    assert float(counted(TRUE, LOGITS, weights)) == pytest.approx(
        float(plain(TRUE, LOGITS, weights)), rel=1e-6
    )


def test_rows_that_do_not_count_do_not_change_the_loss() -> None:
    counted = CountedCrossentropy(label_smoothing=0.1)
    twice = [np.concatenate([array, array]) for array in (TRUE, LOGITS)]
    weights = np.concatenate([WEIGHTS, np.zeros_like(WEIGHTS)])
    assert float(counted(*twice, weights)) == pytest.approx(
        float(counted(TRUE, LOGITS, WEIGHTS)), rel=1e-6
    )
