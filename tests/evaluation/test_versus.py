"""Several models on the same samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cellclf.builtin import metrics
from cellclf.errors import DataError
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.pairs import images_needed, paired
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.versus import Pair, architectures, versus

CLASSES = ("a", "b")
F1 = Metric(name="f1", compute=metrics.f1, batched=True)


def predicted(right, *, groups=None, order=None):
    """A table in which the given samples are right; every other sample is of class a."""
    right = np.asarray(right)
    true = np.arange(len(right)) % 2
    first = np.where((true == 0) == right, 0.75, 0.25)
    table = predictions_table(
        sample_ids=[str(number) for number in range(len(right))],
        groups=groups,
        labels=[CLASSES[number] for number in true],
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=CLASSES,
    )
    return table if order is None else table.iloc[order].reset_index(drop=True)


RNG = np.random.default_rng(0)
GOOD, FAIR, POOR = (RNG.random(400) < share for share in (0.97, 0.95, 0.7))


def test_every_pair_is_compared_and_the_p_values_are_adjusted():
    found = versus({"good": predicted(GOOD), "fair": predicted(FAIR), "poor": predicted(POOR)})
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("good", "fair"),
        ("good", "poor"),
        ("fair", "poor"),
    ]
    assert [pair.apart for pair in found.pairs] == [False, True, True]
    assert all(pair.p_holm >= pair.found.p_value for pair in found.pairs)
    assert found.table["difference"].tolist() == pytest.approx(
        [GOOD.mean() - FAIR.mean(), GOOD.mean() - POOR.mean(), FAIR.mean() - POOR.mean()]
    )


def test_a_model_is_called_best_only_where_it_is_told_apart_from_all_others():
    tables = {"fair": predicted(FAIR), "poor": predicted(POOR)}
    assert versus(tables).best == "fair is best: it is told apart from every other model."
    best = versus({"good": predicted(GOOD), **tables}).best
    assert best.startswith("No model is best:")
    assert best.endswith("good has the most samples right, but is not told apart from fair.")


def test_a_pair_says_how_many_images_would_tell_it_apart():
    (pair,) = versus({"good": predicted(GOOD), "fair": predicted(FAIR)}).pairs
    assert pair.images_needed is not None
    assert f"about {pair.images_needed:,} images in all would tell them apart" in pair.sentence
    (same,) = versus({"one": predicted(GOOD), "other": predicted(GOOD)}).pairs
    assert same.sentence.endswith("They have the same number of samples right.")
    (clear,) = versus({"poor": predicted(POOR), "good": predicted(GOOD)}).pairs
    assert clear.sentence.startswith("good is more accurate than poor: -2")


def test_the_order_of_rows_in_a_table_does_not_matter():
    mixed = predicted(FAIR, order=RNG.permutation(400))
    tables = {"good": predicted(GOOD), "fair": mixed}
    straight = versus({"good": predicted(GOOD), "fair": predicted(FAIR)}, [F1], resamples=100)
    pd.testing.assert_frame_equal(versus(tables, [F1], resamples=100).table, straight.table)


def test_other_figures_have_intervals_of_their_differences():
    tables = {"good": predicted(GOOD), "poor": predicted(POOR)}
    row = versus(tables, [F1]).others.iloc[0]
    assert row["figure"] == "f1_macro"
    assert row["low"] < row["difference"] < row["high"]
    # Of two classes of equal size and alike errors, macro F1 is accuracy: the intervals agree.
    gains = GOOD.astype(float) - POOR
    error = gains.std() / np.sqrt(400)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_samples_that_belong_together_are_compared_by_units():
    groups = [f"field={number // 8}" for number in range(400)]
    tables = {"good": predicted(GOOD, groups=groups), "fair": predicted(FAIR, groups=groups)}
    assert versus(tables).pairs[0].found.test == "sign flips over units"


def test_models_judged_on_other_samples_are_refused():
    with pytest.raises(DataError, match="there must be two models"):
        versus({"good": predicted(GOOD)})
    with pytest.raises(DataError, match="they share 300"):
        versus({"good": predicted(GOOD), "fewer": predicted(FAIR[:300])})
    other = predicted(FAIR).assign(label="a")
    with pytest.raises(DataError, match="the same classes and labels"):
        versus({"good": predicted(GOOD), "relabelled": other})


ONE, OTHER = [0.95, 0.96, 0.955, 0.94], [0.93, 0.95, 0.935, 0.93]


def trainings(one, other, *, overlap=0.0):
    return pd.DataFrame(
        {
            "architecture": ["a"] * 4 + ["b"] * 4 + ["c"] * 2,
            "seed": [0, 1, 2, 3, 0, 1, 2, 3, 0, 1],
            "accuracy": [*one, *other, 0.5, 0.5],
            "overlap": overlap,
        }
    )


def test_architectures_are_compared_over_seeds_by_students_t():
    table = architectures(trainings(ONE, OTHER))
    assert len(table) == 1  # of c there are two trainings: nothing is said of it
    row = table.iloc[0]
    wanted = stats.ttest_rel(ONE, OTHER)
    assert (row["first"], row["second"], row["seeds"]) == ("a", "b", 4)
    assert row["p_value"] == pytest.approx(wanted.pvalue)
    assert (row["low"], row["high"]) == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    assert bool(row["apart"])


def test_trainings_that_share_images_tell_less():
    # Nadeau and Bengio (2003), equation 11: the variance is larger by the share of test images.
    row = architectures(trainings(ONE, OTHER, overlap=0.25)).iloc[0]
    plain = architectures(trainings(ONE, OTHER)).iloc[0]
    wider = np.sqrt((1 / 4 + 0.25) / (1 / 4))
    assert row["high"] - row["low"] == pytest.approx(wider * (plain["high"] - plain["low"]))
    assert row["p_value"] > plain["p_value"]


@pytest.mark.parametrize("gap", [3, 7, 0])
def test_differences_that_do_not_vary_say_nothing(gap):
    one = [(300 - missed) / 300 for missed in (5, 9, 12, 7)]
    other = [(300 - missed - gap) / 300 for missed in (5, 9, 12, 7)]
    row = architectures(trainings(one, other)).iloc[0]
    assert not row["apart"]
    assert np.isnan(row["low"])


def test_models_with_the_same_number_right_are_not_best():
    tables = {"one": predicted(GOOD), "other": predicted(GOOD), "poor": predicted(POOR)}
    assert versus(tables).best.endswith("several have the same number of samples right.")


def test_a_model_is_its_own_equal_in_every_figure():
    groups = [f"field={number // 8}" for number in range(400)]
    tables = {"one": predicted(GOOD, groups=groups), "again": predicted(GOOD)}
    row = versus(tables, [F1], resamples=100).others.iloc[0]
    assert row["difference"] == 0
    assert row["method"] == "not estimable: does not vary on resamples"


def test_the_table_says_of_each_pair_what_was_found():
    found = versus({"good": predicted(GOOD), "fair": predicted(FAIR), "poor": predicted(POOR)})
    table = found.table
    assert table["first"].tolist() == ["good", "good", "fair"]
    assert table["second"].tolist() == ["fair", "poor", "poor"]
    assert set(table["figure"]) == {"accuracy"}
    models = [(GOOD, FAIR), (GOOD, POOR), (FAIR, POOR)]
    alone = [int((one & ~other).sum()) for one, other in models]
    others = [int((~one & other).sum()) for one, other in models]
    assert table["first_only"].tolist() == alone
    assert table["second_only"].tolist() == others
    assert table["samples"].tolist() == [400] * 3
    exact = [
        stats.binomtest(one, one + other).pvalue for one, other in zip(alone, others, strict=True)
    ]
    assert table["p_value"].tolist() == pytest.approx(exact)
    assert table["p_holm"].tolist() == pytest.approx(multipletests(exact, method="holm")[1])
    assert table["apart"].tolist() == [False, True, True]
    assert set(table["test"]) == {"exact McNemar"}
    assert set(table["method"]) == {"Bonett-Price"}
    for pair, (_, row) in zip(found.pairs, table.iterrows(), strict=True):
        assert (row["low"], row["high"]) == (pair.found.interval.low, pair.found.interval.high)
        assert pair.pairs == 3
    wanted = images_needed(found.pairs[0].found, risk=0.05 / 3)
    assert table["images_needed"].tolist() == pytest.approx([wanted, np.nan, np.nan], nan_ok=True)
    assert found.right == {"good": GOOD.sum(), "fair": FAIR.sum(), "poor": POOR.sum()}


def pair_of(one: int, other: int, *, p: float, number: int = 1000, units: int | None = None):
    """Two models of which each alone has so many samples right."""
    first, second = np.ones(number, bool), np.ones(number, bool)
    second[:one] = False
    first[one : one + other] = False
    unit = np.arange(number) // (1 if units is None else number // units)
    return Pair(first="A", second="B", found=paired(first, second, unit), p_holm=p, pairs=1)


def test_what_is_said_of_a_pair_holds_its_figures():
    better = pair_of(50, 15, p=0.0123)
    ends = f"({100 * better.found.interval.low:+.1f} to {100 * better.found.interval.high:+.1f})"
    assert better.sentence == (
        f"A is more accurate than B: +3.5 points of accuracy {ends}, p = 0.012."
    )
    worse = pair_of(15, 50, p=0.0123)
    assert worse.sentence.startswith("B is more accurate than A: -3.5 points of accuracy (-")
    grouped = pair_of(50, 15, p=0.2, units=5)
    needed = images_needed(grouped.found)
    assert grouped.sentence == (
        "A and B are not told apart: +3.5 points of accuracy, p = 0.2. If they differ as they "
        f"seem to, about {needed:,} images in all would tell them apart; there are 1,000."
    )
    same = pair_of(15, 15, p=1.0)
    assert same.sentence.endswith("p = 1. They have the same number of samples right.")
    assert not pair_of(50, 15, p=0.05 + 1e-12).apart


def test_the_best_of_several_is_known_whichever_place_it_has():
    tables = {"poor": predicted(POOR), "good": predicted(GOOD), "worse": predicted(~GOOD)}
    assert versus(tables).best == "good is best: it is told apart from every other model."
    near = {"fair": predicted(FAIR), "good": predicted(GOOD), "more": predicted(FAIR & POOR)}
    assert versus(near).best == (
        "No model is best: good has the most samples right, but is not told apart from fair."
    )
    tied = {"good": predicted(GOOD), "poor": predicted(POOR), "again": predicted(POOR)}
    assert versus(tied).best.startswith("good is best")


def test_units_may_be_given_for_the_rows_of_the_first_table():
    order = np.random.default_rng(1).permutation(400)
    tables = {"good": predicted(GOOD, order=order), "fair": predicted(FAIR)}
    units = order // 8
    found = versus(tables, units=units).pairs[0].found
    wanted = paired(GOOD, FAIR, np.arange(400) // 8)
    assert found.p_value == pytest.approx(wanted.p_value)
    assert found.interval.low == pytest.approx(wanted.interval.low)
    assert found.test == "sign flips over units"


def test_rows_without_a_label_judge_nobody():
    def partly(table):
        return table.assign(label=["", *table["label"][1:]])

    tables = {"good": partly(predicted(GOOD)), "fair": predicted(FAIR)}
    with pytest.raises(DataError, match="of 399 and 400 they share 399"):
        versus(tables)
    tables["fair"] = partly(predicted(FAIR))
    (pair,) = versus(tables).pairs
    assert pair.found.samples == 399
    assert pair.found.difference == pytest.approx(GOOD[1:].mean() - FAIR[1:].mean())
    nobody = predicted(GOOD).assign(label="")
    with pytest.raises(DataError, match="good must have labelled samples"):
        versus({"good": nobody, "fair": nobody})


def test_models_that_know_other_classes_are_refused():
    other = predicted(GOOD).rename(columns={"p_b": "p_z"}).assign(top_class="a", predicted="a")
    with pytest.raises(DataError, match="good and other must have the same classes"):
        versus({"good": predicted(GOOD), "other": other})
    with pytest.raises(DataError, match=r"of 400 and 300 they share 300$"):
        versus({"good": predicted(GOOD), "fewer": predicted(FAIR[:300])})


def test_the_interval_of_a_difference_is_that_of_resampled_units():
    accuracy = Metric(name="share_right", compute=metrics.accuracy, batched=True)
    found = versus(
        {"poor": predicted(POOR), "good": predicted(GOOD)}, [accuracy], resamples=2000, seed=3
    )
    (row,) = found.others.to_dict("records")
    gains = POOR.astype(float) - GOOD
    assert (row["first"], row["second"]) == ("poor", "good")
    assert row["figure"] == "share_right"
    assert row["method"] == "bootstrap over units"
    assert row["difference"] == pytest.approx(gains.mean())
    # Of a mean, the bootstrap's standard error is the usual one; over 400 units with Student's t.
    reach = stats.t.ppf(0.975, 399) * gains.std(ddof=1) / np.sqrt(400)
    assert row["low"] == pytest.approx(gains.mean() - reach, abs=0.1 * reach)
    assert row["high"] == pytest.approx(gains.mean() + reach, abs=0.1 * reach)
    assert row["high"] + row["low"] == pytest.approx(2 * row["difference"])
    table = found.table
    assert table["figure"].tolist() == ["accuracy", "share_right"]


def test_accuracy_is_compared_once_and_figures_of_single_classes_are_not():
    asked = [Metric(name="accuracy", compute=metrics.accuracy, batched=True), F1]
    tables = {"good": predicted(GOOD), "poor": predicted(POOR), "fair": predicted(FAIR)}
    found = versus(tables, asked, resamples=50)
    assert found.table["figure"].tolist() == ["accuracy"] * 3 + ["f1_macro"] * 3
    assert found.others["second"].tolist() == ["poor", "fair", "fair"]
    again = versus(tables, asked, resamples=50, seed=0)
    pd.testing.assert_frame_equal(found.table, again.table)
    other = versus(tables, asked, resamples=50, seed=1)
    assert (found.others["low"] != other.others["low"]).any()
    assert len(versus(tables).others) == 0


def test_of_few_units_other_figures_have_no_interval():
    groups = [f"field={number // 80}" for number in range(400)]
    tables = {"good": predicted(GOOD, groups=groups), "poor": predicted(POOR, groups=groups)}
    (row,) = versus(tables, [F1], resamples=50).others.to_dict("records")
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert row["method"] == "not estimable: 5 units"


def test_architectures_are_compared_in_pairs_and_adjusted_together():
    runs = trainings(ONE, OTHER)
    more = runs[runs["architecture"] == "b"].assign(
        architecture="d", accuracy=[0.91, 0.90, 0.92, 0.95], seed=[3, 2, 1, 0]
    )
    third = runs[runs["architecture"] == "c"].assign(seed=[1, 2])
    table = architectures(pd.concat([runs, more, third]))
    assert list(zip(table["first"], table["second"], table["seeds"], strict=True)) == [
        ("a", "b", 4),
        ("a", "c", 3),
        ("a", "d", 4),
        ("b", "c", 3),
        ("b", "d", 4),
        ("c", "d", 3),
    ]
    row = table.iloc[2]
    wanted = stats.ttest_rel(ONE, [0.95, 0.92, 0.90, 0.91])
    assert row["difference"] == pytest.approx(np.mean(ONE) - 0.92)
    assert row["p_value"] == pytest.approx(wanted.pvalue)
    holms = multipletests(table["p_value"], method="holm")[1]
    assert table["p_holm"].tolist() == pytest.approx(holms.tolist())
    assert table["apart"].tolist() == (holms < 0.05).tolist()


def test_of_no_trainings_or_too_few_nothing_is_said():
    columns = [
        "first",
        "second",
        "seeds",
        "difference",
        "low",
        "high",
        "p_value",
        "p_holm",
        "apart",
    ]
    for runs in (trainings(ONE, OTHER)[:0], trainings(ONE, OTHER).query("seed < 2")):
        table = architectures(runs)
        assert len(table) == 0
        assert list(table.columns) == columns


def test_where_differences_do_not_vary_the_p_values_are_one():
    (row,) = architectures(trainings(ONE, ONE)).to_dict("records")
    assert (row["p_value"], row["p_holm"], row["difference"]) == (1, 1, 0)
    assert np.isnan(row["high"])
