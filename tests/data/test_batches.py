from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellclf.data.augmented import augmented_views
from cellclf.data.batches import TrainingBatches
from cellclf.errors import DataError
from cellclf.terms import Balance


def brighten(image: NDArray[np.uint8], rng: np.random.Generator, params: int) -> NDArray[np.uint8]:
    """Leave the first pixel, which says whose image it is, and randomise the others."""
    changed = image.copy()
    changed[1:] = rng.integers(0, params, changed[1:].shape, dtype=np.uint8)
    return changed


CHAIN = [(brighten, 256)]


def numbered_images(n: int, size: int = 4) -> NDArray[np.uint8]:
    """Images whose every pixel is the number of their row."""
    return np.broadcast_to(
        np.arange(n, dtype=np.uint8)[:, None, None, None], (n, size, size, 3)
    ).copy()


def make(labels: list[int], rows: list[int] | None = None, **options: Any) -> TrainingBatches:
    settings: dict[str, Any] = {
        "num_classes": max(labels) + 1,
        "batch_size": 4,
        "seed": 1,
        "chain": CHAIN,
    }
    return TrainingBatches(
        numbered_images(len(labels)),
        np.arange(len(labels)) if rows is None else np.array(rows),
        np.array(labels),
        **(settings | options),
    )


def epoch_of(
    batches: TrainingBatches, epoch: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    made = [batches.batch(number, epoch) for number in range(len(batches))]
    x, y, weight = (np.concatenate(arrays) for arrays in zip(*made, strict=True))
    return x, y, weight


label_lists = st.lists(st.integers(0, 3), min_size=1, max_size=30)
balances = st.sampled_from(["augment", "weights", "none"])


@settings(max_examples=60, deadline=None)
@given(labels=label_lists, balance=balances, batch_size=st.integers(1, 9), epoch=st.integers(0, 99))
def test_every_view_carries_the_label_of_its_own_image(
    labels: list[int], balance: Balance, batch_size: int, epoch: int
) -> None:
    batches = make(labels, balance=balance, batch_size=batch_size)
    x, y, weight = epoch_of(batches, epoch)
    assert x.dtype == np.uint8
    assert y.dtype == weight.dtype == np.float32
    assert len(x) == len(y) == len(weight) == batches.epoch_length
    np.testing.assert_array_equal(y.argmax(axis=1), np.array(labels)[x[:, 0, 0, 0]])
    np.testing.assert_array_equal(np.sort(y, axis=1)[:, -2:].sum(axis=1), 1)


@settings(max_examples=60, deadline=None)
@given(labels=label_lists, epoch=st.integers(0, 99))
def test_classes_are_filled_up_to_the_largest_and_no_sample_is_neglected(
    labels: list[int], epoch: int
) -> None:
    x, y, weight = epoch_of(make(labels, balance="augment"), epoch)
    counts = Counter(labels)
    largest = max(counts.values())
    seen = Counter(x[:, 0, 0, 0].tolist())
    for number, count in counts.items():
        assert (y.argmax(axis=1) == number).sum() == largest
        turns = {seen[row] for row, label in enumerate(labels) if label == number}
        assert turns <= {largest // count, -(-largest // count)}
    assert (weight == 1).all()


def test_the_extra_turn_goes_round_until_all_have_had_it() -> None:
    labels = [0] * 7 + [1] * 5
    batches = make(labels, balance="augment")
    seen: Counter[int] = Counter()
    for epoch in range(5):
        seen.update(epoch_of(batches, epoch)[0][:, 0, 0, 0].tolist())
    assert {seen[row] for row in range(7, 12)} == {7}


def test_further_views_of_one_sample_differ_and_so_does_its_first_between_epochs() -> None:
    batches = make([0] * 6 + [1], balance="augment")
    views = set()
    for epoch in range(3):
        x, y, _ = epoch_of(batches, epoch)
        views |= {view.tobytes() for view in x[y[:, 1] == 1]}
    assert len(views) == 3 * 6


@pytest.mark.parametrize("balance", ["weights", "none"])
def test_without_filling_up_each_sample_is_seen_once(balance: Balance) -> None:
    x, _, _ = epoch_of(make([0, 0, 0, 1, 1, 2], balance=balance), 3)
    assert sorted(x[:, 0, 0, 0]) == [0, 1, 2, 3, 4, 5]


@settings(max_examples=40, deadline=None)
@given(labels=label_lists)
def test_weights_have_the_mean_one_and_give_every_class_the_same_say(labels: list[int]) -> None:
    _, y, weight = epoch_of(make(labels, balance="weights"), 0)
    assert weight.mean() == pytest.approx(1, rel=1e-5)
    say = (y * weight[:, None]).sum(axis=0)
    present = say[say > 0]
    np.testing.assert_allclose(present, len(labels) / len(present), rtol=1e-5)


@pytest.mark.parametrize(
    ("balance", "after"),
    [("augment", [4, 4, 0, 4]), ("weights", [2, 2, 0, 2]), ("none", [4, 1, 0, 1])],
)
def test_the_class_balance_is_told_before_and_after(balance: Balance, after: list[int]) -> None:
    told = make([0, 0, 0, 0, 1, 3], balance=balance).class_balance()
    np.testing.assert_array_equal(told.before, [4, 1, 0, 1])
    np.testing.assert_allclose(told.after, after)


def test_only_the_training_rows_are_used_and_counted() -> None:
    batches = make([0, 0, 1, 1, 0, 1], rows=[1, 2, 4])
    x, _, _ = epoch_of(batches, 0)
    assert set(x[:, 0, 0, 0].tolist()) == {1, 2, 4}
    np.testing.assert_array_equal(batches.class_balance().before, [2, 1])


def test_the_same_seed_gives_the_same_batches_in_whatever_order_they_are_asked_for() -> None:
    labels = [0] * 9 + [1] * 4
    forward = {(e, n): make(labels).batch(n, e) for e in (0, 1) for n in range(5)}
    batches = make(labels)
    for (epoch, number), expected in reversed(forward.items()):
        for made, wanted in zip(batches.batch(number, epoch), expected, strict=True):
            np.testing.assert_array_equal(made, wanted)


def test_another_seed_or_epoch_gives_another_order_and_other_pixels() -> None:
    labels = [0] * 12 + [1] * 12
    first, _, _ = epoch_of(make(labels), 0)
    for x, _, _ in (epoch_of(make(labels), 1), epoch_of(make(labels, seed=2), 0)):
        assert (x[:, 0, 0, 0] != first[:, 0, 0, 0]).any()
        by_row, first_by_row = x[np.argsort(x[:, 0, 0, 0])], first[np.argsort(first[:, 0, 0, 0])]
        assert (by_row != first_by_row).any(axis=(1, 2, 3)).all()


def test_threads_make_the_same_batches_as_one_after_the_other() -> None:
    batches = make([0] * 20 + [1] * 7)
    wanted = [(number, epoch) for epoch in range(4) for number in range(len(batches))]
    alone = [batches.batch(*which) for which in wanted]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda which: batches.batch(*which), wanted))
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_batches_survive_being_sent_to_another_process() -> None:
    batches = make([0, 0, 0, 1])
    sent = pickle.loads(pickle.dumps(batches))
    np.testing.assert_array_equal(sent.batch(0, 2)[0], batches.batch(0, 2)[0])


@pytest.mark.parametrize(
    ("samples", "batch_size", "sizes"),
    [(8, 4, [4, 4]), (10, 4, [4, 4, 2]), (9, 4, [4, 5]), (3, 4, [3]), (1, 4, [1]), (3, 1, [1] * 3)],
)
def test_the_last_batch_is_smaller_and_a_single_view_left_over_joins_the_one_before(
    samples: int, batch_size: int, sizes: list[int]
) -> None:
    batches = make([0] * samples, batch_size=batch_size)
    assert [len(batches.batch(number, 0)[0]) for number in range(len(batches))] == sizes


def test_without_a_chain_the_images_come_as_they_are() -> None:
    x, _, _ = epoch_of(make([0, 1, 1], chain=()), 0)
    assert (x == x[:, :1, :1, :1]).all()


def test_a_sheet_shows_the_views_of_the_first_epoch() -> None:
    labels = [0, 0, 0, 1]
    sheet = augmented_views(numbered_images(4), [3, 0], CHAIN, seed=1, views=3)
    assert sheet.shape == (2, 3, 4, 4, 3)
    x, y, _ = epoch_of(make(labels), 0)
    assert {view.tobytes() for view in sheet[0]} == {view.tobytes() for view in x[y[:, 1] == 1]}
    assert sheet[1, 0].tobytes() in {view.tobytes() for view in x}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": [0, 1], "num_classes": 1}, "`labels` must be from 0 to 0"),
        ({"labels": [0, 1], "rows": []}, "`rows` must name at least one image"),
        ({"labels": [0, 1], "rows": [2]}, "`rows` must name at least one image"),
        ({"labels": [0, 1], "batch_size": 0}, "`batch_size` must be 1 or more"),
        ({"labels": [0, 1], "seed": -1}, "`seed` must be from 0"),
        ({"labels": [0, 1], "balance": "wieghts"}, "`balance` must be one of augment"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(**options)


def test_labels_of_the_training_part_alone_are_refused() -> None:
    with pytest.raises(DataError, match="one entry for each of `images`"):
        TrainingBatches(
            numbered_images(4),
            np.array([1, 2]),
            np.array([0, 1]),
            num_classes=2,
            batch_size=2,
            seed=0,
        )


def test_images_that_are_not_whole_levels_are_refused() -> None:
    with pytest.raises(DataError, match="`images` must be uint8"):
        TrainingBatches(
            np.zeros((2, 4, 4, 3), dtype=np.float32),  # type: ignore[arg-type]
            np.arange(2),
            np.array([0, 1]),
            num_classes=2,
            batch_size=2,
            seed=0,
        )


@pytest.mark.parametrize(("number", "epoch"), [(1, 0), (-1, 0), (0, -1)])
def test_a_batch_that_does_not_exist_is_an_index_error(number: int, epoch: int) -> None:
    with pytest.raises(IndexError, match="`number` must be from 0 to 0"):
        make([0, 1]).batch(number, epoch)


@given(labels=label_lists, balance=balances, epoch=st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_every_view_carries_its_source_and_none_comes_from_outside_the_training_part(
    labels: list[int], balance: Balance, epoch: int
) -> None:
    rows = list(range(0, len(labels), 2))
    batches = make(labels, rows, balance=balance, num_classes=4, batch_size=3)
    for number in range(len(batches)):
        x, _, _ = batches.batch(number, epoch)
        sources = batches.sources(number, epoch)
        assert set(sources.tolist()) <= set(rows)
        # The first pixel of an image is the number of its row, and no augmentation touched it.
        np.testing.assert_array_equal(x[:, 0, 0, 0], sources)


def test_the_sources_of_a_batch_that_does_not_exist_are_an_index_error() -> None:
    with pytest.raises(IndexError, match="number=99"):
        make([0, 1]).sources(99, 0)
