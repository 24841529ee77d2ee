from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellclf.errors import DataError
from cellclf.training.feed import TrainingFeed, ValidationFeed, preparing_threads


def test_the_training_feed_gives_the_batches_of_one_epoch_after_the_other(toy: Any) -> None:
    batches = toy.batches(balance="weights")
    done = 2 * len(batches) + 1
    with preparing_threads() as pool:
        feed = TrainingFeed(batches, done=done, pool=pool)
        assert feed.num_batches is None
        for number in range(2 * len(batches)):
            epoch, place = divmod(done + number, len(batches))
            for got, wanted in zip(feed[number], batches.batch(place, epoch), strict=True):
                np.testing.assert_array_equal(got, wanted)


def test_asking_for_a_batch_again_gives_the_same_one(toy: Any) -> None:
    with preparing_threads() as pool:
        feed = TrainingFeed(toy.batches(), pool=pool)
        first = [feed[number][0] for number in range(6)]
        for number in (0, 4, 1, 0):
            np.testing.assert_array_equal(feed[number][0], first[number])


def test_a_feed_that_is_closed_gives_its_latest_batch_to_who_still_reads_ahead(toy: Any) -> None:
    with preparing_threads() as pool:
        feed = TrainingFeed(toy.batches(), pool=pool)
        latest = feed[0]
        feed.close()
    assert feed[1] is latest
    assert feed.failure is None


def test_a_batch_that_cannot_be_made_is_remembered_as_it_failed(toy: Any) -> None:
    def refuse(image: Any, rng: Any, params: Any) -> Any:
        raise DataError("no view today")

    with preparing_threads() as pool:
        feed = TrainingFeed(toy.batches(chain=[(refuse, None)]), pool=pool)
        with pytest.raises(DataError, match="no view today"):
            feed[0]
        assert isinstance(feed.failure, DataError)


@pytest.mark.parametrize("batch_size", [1, 4, 7, 32])
def test_the_validation_feed_gives_every_row_once_in_batches_of_one_size(
    toy: Any, batch_size: int
) -> None:
    images, rows, labels = toy.validation
    feed = ValidationFeed(images, rows, labels, num_classes=3, batch_size=batch_size)
    batches = [feed[number] for number in range(len(feed))]
    x, y, weight = (np.stack(parts) for parts in zip(*batches, strict=True))
    assert x.shape[:2] == y.shape[:2] == weight.shape == (len(feed), batch_size)
    counted = weight.ravel() == 1
    np.testing.assert_array_equal(x.reshape(-1, *x.shape[2:])[counted], images[rows])
    np.testing.assert_array_equal(y.reshape(-1, 3)[counted].argmax(1), labels[rows])
    assert set(weight.ravel()) <= {0, 1}
