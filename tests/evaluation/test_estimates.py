"""Every figure with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cellclf.builtin.metric_specs import METRICS
from cellclf.errors import DataError
from cellclf.evaluation.bootstrap import interval, of_mean
from cellclf.evaluation.estimates import Judged, estimates
from cellclf.evaluation.judge import judge
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.proportions import Interval
from cellclf.specs import resolve

BUILT_IN = [
    Metric(
        name=spec.name,
        compute=resolve(spec.compute),
        trials=None if spec.trials is None else resolve(spec.trials),
        batched=spec.batched,
        by_top_class=spec.by_top_class,
        limits=spec.limits,
    )
    for spec in METRICS
]
CLASSES = ("round", "long", "square")


def table(n=120, *, groups=None, classes=CLASSES, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, len(classes), n)
    prob = rng.dirichlet(np.ones(len(classes)), n)
    prob[np.arange(n), true] += 1
    return predictions_table(
        sample_ids=[str(number) for number in range(n)],
        groups=groups,
        labels=[classes[number] for number in true],
        probabilities=prob / prob.sum(axis=1, keepdims=True),
        classes=classes,
    )


def figures(found: pd.DataFrame) -> pd.DataFrame:
    return found.set_index(["metric", "of"])


def test_the_figures_are_those_of_the_metrics_alone():
    cells = table()
    found = figures(estimates(cells, BUILT_IN, resamples=60))["value"]
    for name, figure in judge(cells, BUILT_IN).items():
        by_name = figure if isinstance(figure, dict) else {"": figure}
        assert {of: found[name, of] for of in by_name} == by_name


def test_shares_of_independent_samples_have_exact_intervals():
    cells = table()
    found = figures(estimates(cells, BUILT_IN, resamples=60))
    right = (cells["top_class"] == cells["label"]).to_numpy()
    of_class = (cells["label"] == "long").to_numpy()
    taken = (cells["top_class"] == "long").to_numpy()
    wanted = {
        ("accuracy", ""): (right.sum(), len(cells)),
        ("recall", "long"): (taken[of_class].sum(), of_class.sum()),
        ("precision", "long"): (of_class[taken].sum(), taken.sum()),
        ("specificity", "long"): ((~taken)[~of_class].sum(), (~of_class).sum()),
        ("negative_predictive_value", "long"): ((~of_class)[~taken].sum(), (~taken).sum()),
    }
    for key, (hits, number) in wanted.items():
        exact = stats.binomtest(int(hits), int(number)).proportion_ci(0.95, "exact")
        row = found.loc[key]
        assert (row["low"], row["high"]) == pytest.approx(tuple(exact))
        assert (row["value"], row["samples"]) == (pytest.approx(hits / number), number)


@pytest.mark.parametrize(("few", "groups"), [(40, 120), (12, 120), (40, 30)])
def test_what_is_no_share_has_the_interval_of_resamples_and_a_mean_the_wider_of_two(few, groups):
    cells = table(seed=3)
    wrong = np.arange(len(cells)) % 5 == 0
    cells = cells.assign(
        label=cells["label"].mask(wrong, cells["label"].shift(1, fill_value="long"))
    )
    cells = cells[(cells["label"] != "long") | (np.cumsum(cells["label"] == "long") <= few)]
    units = np.arange(len(cells)) % groups
    found = figures(estimates(cells, BUILT_IN, units=units, resamples=80, seed=7))
    draws = Judged.of(cells, units).redrawn(BUILT_IN, resamples=80, seed=7)
    assert {len(figure) for figure in draws.values()} == {80}
    others = Judged.of(cells, units).redrawn(BUILT_IN[:1], resamples=80, seed=8)
    assert (others["accuracy", ""] != draws["accuracy", ""]).any()

    def number(rows):
        return len(set(units[rows]))

    telling = {
        name: min(number(cells["label"] == name), number(cells["label"] != name))
        for name in CLASSES
    }
    for name in ("f1", "roc_auc", "recall", "precision", "balanced_accuracy"):
        mean = (name, "" if name == "balanced_accuracy" else "macro")
        by_class = "recall" if name == "balanced_accuracy" else name
        rows = {of: found.loc[by_class, of] for of in CLASSES}
        for of in CLASSES if name in ("f1", "roc_auc") else ():
            row = rows[of]
            wanted = interval(row["value"], draws[name, of], units=telling[of], limits=(0.0, 1.0))
            assert (row["low"], row["high"], row["method"]) == (
                pytest.approx(wanted.low),
                pytest.approx(wanted.high),
                wanted.method,
            )
            assert row["units"] == telling[of]
            assert row["samples"] == (cells["label"] == of).sum()
        one = of_mean(
            found.loc[mean, "value"],
            [
                (row["value"], Interval(low=row["low"], high=row["high"], method=""))
                for row in rows.values()
            ],
        )
        other = interval(
            found.loc[mean, "value"],
            draws[mean],
            units=min(telling.values()),
            limits=(0.0, 1.0),
        )
        wide = other if other.high - other.low > one.high - one.low else one
        assert found.loc[mean, ["low", "high", "method", "samples", "units"]].tolist() == [
            pytest.approx(min(one.low, other.low)),
            pytest.approx(max(one.high, other.high)),
            wide.method,
            len(cells),
            min(telling.values()),
        ]


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), size=st.integers(1, 4))
def test_every_interval_holds_its_figure(seed, size):
    groups = [f"field={number // size}" for number in range(120)]
    found = estimates(table(groups=groups, seed=seed), BUILT_IN, resamples=60)
    found = found.dropna()
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()


def test_groups_widen_intervals_when_what_is_in_them_agrees():
    alone = table(n=60)
    copied = pd.concat([alone] * 4, ignore_index=True)
    copied["sample_id"] = [str(number) for number in range(len(copied))]
    copied["group"] = [f"field={number % 60}" for number in range(len(copied))]
    found = figures(estimates(copied, BUILT_IN))
    single = figures(estimates(alone, BUILT_IN))
    width, wanted = found["high"] - found["low"], single["high"] - single["low"]
    assert (width > 0.8 * wanted).all()
    assert found.loc[("accuracy", ""), "units"] == 60


def test_units_may_be_given():
    cells = table(n=60)
    units = np.arange(60) // 12
    found = figures(estimates(cells, BUILT_IN, units=units, resamples=60))
    assert set(found["method"]) == {
        "not estimable: 5 units",
        "not estimable: 5 units in a class",
    }
    assert found["value"].notna().all()


def test_rows_without_a_label_take_no_part():
    cells = table()
    some = cells.assign(label=["" if row % 2 else name for row, name in enumerate(cells["label"])])
    units = np.arange(len(cells))
    found = estimates(some, BUILT_IN, units=units, resamples=60)
    wanted = estimates(cells[::2], BUILT_IN, units=units[::2], resamples=60)
    pd.testing.assert_frame_equal(found, wanted)


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), order=st.permutations(CLASSES))
def test_the_order_of_classes_changes_no_interval(seed, order):
    cells = table(seed=seed)
    columns = [*cells.columns[: -len(CLASSES)], *(f"p_{name}" for name in order)]
    found = figures(estimates(cells[columns], BUILT_IN, resamples=60))
    wanted = figures(estimates(cells, BUILT_IN, resamples=60)).loc[found.index]
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.filterwarnings("error")
def test_a_class_that_does_not_occur_has_no_figure_and_no_interval():
    cells = table()
    cells = cells[cells["label"] != "square"]
    found = figures(estimates(cells, BUILT_IN, resamples=60))
    assert np.isnan(found.loc[("f1", "square"), "value"])
    assert found.loc[("recall", "square"), "method"] == "not estimable: no figure"
    assert found.loc[("specificity", "square"), "method"] == "not estimable: no figure"
    assert found.loc[("f1", "square"), ["samples", "units"]].tolist() == [0, 0]
    assert np.isfinite(found.loc[("f1", "macro"), "low"])


@pytest.mark.filterwarnings("error")
def test_a_table_without_labels_has_no_intervals():
    found = estimates(table().assign(label=""), BUILT_IN)
    assert found[["value", "low", "high"]].isna().all(axis=None)
    assert (found[["samples", "units"]] == 0).all(axis=None)


def test_a_rare_class_widens_means_of_shares_and_leaves_others_without_an_interval():
    cells = table(n=120)
    rare = cells[(cells["label"] != "long") | (np.arange(120) < 12)]
    found = figures(estimates(rare, BUILT_IN, resamples=60))
    few = int((rare["label"] == "long").sum())
    assert 1 < few < 10
    assert found.loc[("f1", "long"), "method"] == f"not estimable: {few} units"
    assert np.isnan(found.loc[("f1", "macro"), "low"])
    assert found.loc[("recall", "long"), "method"] == "Clopper-Pearson"
    # The mean of shares has an interval, as wide as the small class makes it.
    macro, rare_class = found.loc[("recall", "macro")], found.loc[("recall", "long")]
    assert macro["high"] - macro["low"] > (rare_class["high"] - rare_class["low"]) / 4


def test_the_curve_of_a_class_rests_on_the_others_too():
    cells = table(n=120)
    few = cells[(cells["label"] == "round") | (np.arange(120) < 9)]
    found = figures(estimates(few, BUILT_IN, resamples=60))
    others = int((few["label"] != "round").sum())
    assert found.loc[("roc_auc", "round"), "units"] == others


@settings(max_examples=5)
@given(seed=st.integers(0, 1000), size=st.integers(2, 5))
def test_rows_written_twice_do_not_narrow_a_grouped_interval(seed, size):
    groups = [f"field={number // size}" for number in range(120)]
    once = table(groups=groups, seed=seed)
    twice = pd.concat([once, once.assign(sample_id=once["sample_id"] + "again")], ignore_index=True)
    one, two = (figures(estimates(cells, BUILT_IN)) for cells in (once, twice))
    width, wanted = two["high"] - two["low"], one["high"] - one["low"]
    assert (width >= wanted - 1e-6).all()


def test_rows_written_twice_tell_no_more_where_every_unit_has_the_same_share():
    # One right and one wrong in each: only how many images there are limits what is known.
    once = predictions_table(
        sample_ids=[str(number) for number in range(60)],
        groups=[f"field={number // 2}" for number in range(60)],
        labels=["round"] * 60,
        probabilities=[[0.75, 0.25], [0.25, 0.75]] * 30,
        classes=("round", "long"),
    )
    twice = pd.concat([once, once.assign(sample_id=once["sample_id"] + "again")], ignore_index=True)
    one, two = (estimates(cells, BUILT_IN[:1]).iloc[0] for cells in (once, twice))
    assert one["metric"] == "accuracy"
    assert one["high"] - one["low"] <= two["high"] - two["low"] < 1.02 * (one["high"] - one["low"])


def test_a_metric_that_counts_wrongly_or_leaves_its_limits_is_named():
    odd = Metric(
        name="odd", compute=lambda *_, **__: 0.5, trials=lambda *_, **__: {"": (np.ones(3), [])}
    )
    with pytest.raises(DataError, match="`trials` of metric 'odd' must give two bool arrays"):
        estimates(table(), [odd])
    large = Metric(name="large", compute=lambda *_, **__: 1.5, limits=(0.0, 1.0))
    with pytest.raises(DataError, match="'large' must give figures within its limits"):
        estimates(table(), [large])
