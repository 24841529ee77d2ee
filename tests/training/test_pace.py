"""How fast the steps of an epoch are."""

from __future__ import annotations

import time

import pytest

from cellclf.training.pace import Pace


def test_a_step_takes_the_time_since_the_epoch_began_divided_by_the_steps() -> None:
    pace = Pace(now=10.0)
    assert pace.seconds_a_step(now=12.0) == 2.0  # none is done yet: it is not over either
    pace.count(3)
    pace.count(1)
    assert pace.seconds_a_step(now=12.0) == 0.5


def test_another_epoch_is_timed_anew_and_the_rate_of_the_last_one_stays() -> None:
    pace = Pace(now=time.monotonic() - 2.0)
    assert pace.images_per_second == 0.0
    pace.count(10)
    pace.measure(32)
    measured = pace.images_per_second
    assert 0 < measured <= 160.0
    pace.begin(time.monotonic())
    assert pace.images_per_second == measured


def test_steps_that_take_no_time_have_a_rate_that_is_a_number() -> None:
    pace = Pace(now=time.monotonic() + 3600)
    pace.count(1)
    pace.measure(32)
    assert pace.images_per_second == pytest.approx(32e9)
