from __future__ import annotations

import math

import pytest

from cellclf.training.schedule import learning_rate_schedule, rate_at


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.004),  # a 25th of the peak
        (10, 0.052),  # half way up
        (20, 0.1),  # the end of the rise
        (65, 0.05 * (1 + math.cos(math.pi / 4))),
        (110, 0.05),  # the middle of the fall
        (200, 0.0),
        (10_000, 0.0),
    ],
)
def test_one_cycle_rises_in_a_line_and_falls_along_half_a_cosine(step: int, rate: float) -> None:
    schedule = learning_rate_schedule("one_cycle", peak=0.1, steps=200, warmup=0.1)
    assert rate_at(schedule, step) == pytest.approx(rate, abs=1e-7)


def test_one_cycle_without_warm_up_starts_at_the_peak() -> None:
    schedule = learning_rate_schedule("one_cycle", peak=0.1, steps=200, warmup=0)
    assert rate_at(schedule, 0) == pytest.approx(0.1)
    assert rate_at(schedule, 100) == pytest.approx(0.05)


def test_a_fit_of_a_single_step_has_a_schedule() -> None:
    schedule = learning_rate_schedule("one_cycle", peak=0.1, steps=1, warmup=0.99)
    assert 0 < rate_at(schedule, 0) <= 0.1


def test_a_constant_rate_is_the_peak_from_the_first_step_to_the_last() -> None:
    schedule = learning_rate_schedule("constant", peak=0.1, steps=200, warmup=0.1)
    assert [rate_at(schedule, step) for step in (0, 1, 199, 200)] == pytest.approx([0.1] * 4)
