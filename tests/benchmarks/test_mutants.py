"""How the share of noticed mutants is estimated from samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.mutants import BESIDES, MODULES, ROOT, Outcome, noticed_share, row_of


def outcome(mutants: int, tried: int, noticed: int) -> Outcome:
    return Outcome(
        module="m", mutants=mutants, tried=tried, noticed=noticed, endless=1, survivors=()
    )


def test_of_one_module_the_interval_is_exact() -> None:
    share, low, high = noticed_share([outcome(300, 40, 35)])
    wanted = stats.binomtest(35, 40).proportion_ci(0.95, "exact")
    assert share == 35 / 40
    assert (low, high) == pytest.approx(tuple(wanted))
    share, low, high = noticed_share([outcome(300, 40, 40)])
    wanted = stats.binomtest(40, 40).proportion_ci(0.95, "exact")
    assert (share, low, high) == pytest.approx((1, *wanted))
    assert outcome(300, 40, 35).row == "| `m` | 300 | 40 | 88 % (73 to 96) | 1 |"


def test_what_was_tried_in_full_is_known() -> None:
    whole = [outcome(300, 300, 270), outcome(100, 100, 100)]
    assert noticed_share(whole) == (0.925, 0.925, 0.925)
    assert row_of("all", whole) == "| all | 400 | 400 | 92 % | 2 |"


def test_modules_count_by_how_many_mutants_they_have() -> None:
    share, low, high = noticed_share([outcome(900, 20, 10), outcome(100, 20, 20)])
    assert share == pytest.approx(0.55)
    # Nearly all of it rests on the twenty of the one module.
    alone = stats.binomtest(10, 20).proportion_ci(0.95, "exact")
    assert high - low == pytest.approx(0.9 * (alone.high - alone.low), rel=0.05)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    mutants, rates = np.array([400, 60, 150, 220]), np.array([0.85, 0.99, 0.95, 0.9])
    truth = float(mutants @ rates / mutants.sum())
    held = 0
    for _ in range(400):
        drawn = rng.binomial(25, rates)
        _, low, high = noticed_share(
            [outcome(int(n), 25, int(k)) for n, k in zip(mutants, drawn, strict=True)]
        )
        held += low <= truth <= high
    assert held / 400 > 0.93


def test_every_file_and_module_that_is_named_is_there() -> None:
    for module in MODULES:
        assert (ROOT / "cellclf" / f"{module}.py").is_file()
    assert set(BESIDES) <= set(MODULES)
    for files in BESIDES.values():
        assert all((ROOT / file).is_file() for file in files)
