"""scikit-learn's own checks of an estimator, all that it would make of a classifier of tables.

They pass tables, so `OfTables` draws images from those first. What is said of a table itself, such
as that it is sparse or holds NaN, is then the drawing's, and the rest is the estimator's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import cellclf
from cellclf.registry import installed
from tests.pipeline.drawn import SIZE, OfTables
from tests.tiny import TINY

QUICK = {
    "augmentation": {"steps": []},
    "training": {"batch_size": 32, "early_stopping": False, "learning_rate": 0.05},
}

EXCLUDED = {
    "check_dict_unchanged": "the network is loaded when it is first asked for, and kept",
}
"""By name, with the reason; each must fail, or it is excluded for nothing."""


@pytest.fixture(autouse=True, scope="module")
def _tiny_net() -> Iterator[None]:
    installed.cache_clear()
    cellclf.register(TINY)
    yield
    installed.cache_clear()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the checks listen for the warnings that they are about
@parametrize_with_checks(
    [OfTables("tiny_net", image_size=SIZE, epochs=6, settings=QUICK)],
    expected_failed_checks=lambda _: EXCLUDED,
)
def test_it_keeps_scikit_learns_rules(estimator: OfTables, check: Callable[[Any], None]) -> None:
    check(estimator)
