"""What ways of answering gain over the plain one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from cellclf.errors import DataError
from cellclf.evaluation.calibration import expected_calibration_error
from cellclf.evaluation.gain import COLUMNS, gains
from cellclf.evaluation.pairs import paired
from cellclf.evaluation.predictions import predictions_table, probabilities, true_classes

CLASSES = ("round", "long", "flat")
SAMPLES = 300


def table(quality: float, *, seed: int, ids: str = "s", calibrated: bool = True) -> pd.DataFrame:
    """Predictions that are the better the higher `quality` is."""
    true = np.arange(SAMPLES) % len(CLASSES)
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(SAMPLES, len(CLASSES)))
    logits[np.arange(SAMPLES), true] += quality
    prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = predictions_table(
        sample_ids=[f"{ids}{row}" for row in range(SAMPLES)],
        labels=[CLASSES[number] for number in true],
        probabilities=prob,
        classes=CLASSES,
    )
    if not calibrated:
        return found
    refused = np.arange(SAMPLES) % 10 == 0
    unsure = (found["confidence"] < 0.5).to_numpy()
    return found.assign(
        predicted=found["top_class"].where(~refused, "unidentified"),
        review=pd.Series(unsure | refused, dtype="boolean"),
    )


def test_every_figure_is_that_of_scikit_learn_and_statsmodels() -> None:
    plain, better = table(1.0, seed=0), table(1.8, seed=1)
    found = gains({"plain": plain, "better": better})
    assert [*found.columns] == [*COLUMNS]
    for row, one in zip(found.to_dict("records"), (plain, better), strict=True):
        true, prob = true_classes(one), probabilities(one)
        assert row["accuracy"] == accuracy_score(true, prob.argmax(axis=1))
        assert row["low"] < row["accuracy"] < row["high"]
        assert row["f1_macro"] == pytest.approx(
            f1_score(true, prob.argmax(axis=1), average="macro")
        )
        assert row["log_loss"] == pytest.approx(log_loss(true, prob), rel=1e-6)
        assert row["calibration_error"] == expected_calibration_error(true, prob)
        exact = binomtest(int(row["accuracy"] * SAMPLES + 0.5), SAMPLES).proportion_ci(0.95)
        assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))
        accepted = ~one["review"].to_numpy(dtype=bool)
        assert row["accepted"] == accepted.mean()
        right = (one["label"] == one["top_class"]).to_numpy()
        assert row["accepted_accuracy"] == right[accepted].mean()
        assert row["refused"] == pytest.approx(0.1)
    first, second = found.to_dict("records")
    right = [(one["label"] == one["top_class"]).to_numpy() for one in (plain, better)]
    counts = [[np.sum((right[0] == a) & (right[1] == b)) for b in (True, False)] for a in (1, 0)]
    assert second["difference"] == pytest.approx(second["accuracy"] - first["accuracy"])
    assert (second["gained"], second["lost"]) == (counts[1][0], counts[0][1])
    assert second["p_value"] == pytest.approx(mcnemar(counts, exact=True).pvalue)
    pair = paired(right[1], right[0], np.arange(SAMPLES)).interval
    assert (second["difference_low"], second["difference_high"]) == (pair.low, pair.high)
    compared = [name for name in COLUMNS if name.startswith("difference")]
    assert all(pd.isna(first[name]) for name in (*compared, "gained", "lost", "p_value"))
    assert found["way"].tolist() == ["plain", "better"]
    assert str(found["gained"].dtype) == str(found["lost"].dtype) == "Int64"


def test_p_values_are_adjusted_for_the_number_of_ways() -> None:
    plain, better, other = (table(1.0 + way / 4, seed=way) for way in range(3))
    ways = {"better": better, "other": other}
    alone = [gains({"plain": plain, name: way})["p_value"].iloc[1] for name, way in ways.items()]
    among = gains({"plain": plain, **ways})["p_value"]
    assert among.iloc[1:].tolist() == pytest.approx(multipletests(alone, method="holm")[1])


def test_images_that_belong_together_make_intervals_wider() -> None:
    ways = {"plain": table(1.0, seed=0), "better": table(1.4, seed=1)}
    units = np.arange(SAMPLES) // 15
    alone, tied = gains(ways), gains(ways, units=units)
    grouped = gains(
        {
            name: one.assign(group=[f"patient={unit}" for unit in units])
            for name, one in ways.items()
        }
    )
    pd.testing.assert_frame_equal(grouped, tied)
    assert tied["accuracy"].tolist() == alone["accuracy"].tolist()
    assert tied["difference_low"].iloc[1] != alone["difference_low"].iloc[1]
    assert (tied["low"] != alone["low"]).all()


def test_what_a_model_without_calibration_does_not_say_is_missing() -> None:
    ways = {name: table(1.0, seed=0, calibrated=False) for name in ("plain", "same")}
    found = gains(ways)
    assert found[["accepted", "accepted_accuracy", "refused"]].isna().all(axis=None)
    assert found["difference"].iloc[1] == 0
    assert found["p_value"].iloc[1] == 1


def test_ways_are_compared_on_the_same_labelled_samples_alone() -> None:
    plain = table(1.0, seed=0)
    with pytest.raises(DataError, match="'plain' and 'other' must be judged on the same samples"):
        gains({"plain": plain, "other": table(1.0, seed=0, ids="t")})
    with pytest.raises(DataError, match=r"^ways of answering can only be judged by labelled"):
        gains({"plain": plain.assign(label="")})
    half = plain.assign(label=plain["label"].where(np.arange(SAMPLES) < 150, ""))
    other = table(1.8, seed=1)
    pd.testing.assert_frame_equal(
        gains({"plain": half, "other": other.assign(label=half["label"])}),
        gains({"plain": plain[:150], "other": other[:150]}),
    )


def test_of_ways_that_accept_nothing_there_is_no_share_that_is_right() -> None:
    none = table(1.0, seed=0).assign(review=pd.Series([True] * SAMPLES, dtype="boolean"))
    found = gains({"plain": none})
    assert found["accepted"].tolist() == [0]
    assert found["accepted_accuracy"].isna().all()
    some = none.assign(review=pd.Series([True, False, pd.NA] * 100, dtype="boolean"))
    assert gains({"plain": some})["accepted"].tolist() == pytest.approx([1 / 3])
