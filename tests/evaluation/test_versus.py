"""Several models on the same samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellclf.builtin import metrics
from cellclf.errors import DataError
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.versus import architectures, versus

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
