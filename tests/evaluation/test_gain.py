"""What ways of answering gain over the plain one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from statsmodels.stats.contingency_tables import mcnemar

from cellclf.errors import DataError
from cellclf.evaluation.gain import COLUMNS, gains
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
    assert pd.isna(first["difference"])
    assert pd.isna(first["gained"])


def test_p_values_are_adjusted_for_the_number_of_ways() -> None:
    plain, better, other = (table(1.0 + way / 4, seed=way) for way in range(3))
    alone = gains({"plain": plain, "better": better})["p_value"].iloc[1]
    among = gains({"plain": plain, "better": better, "other": other})["p_value"]
    assert among.iloc[1] >= alone
    assert among.iloc[1:].max() <= 1


def test_images_that_belong_together_make_intervals_wider() -> None:
    ways = {"plain": table(1.0, seed=0), "better": table(1.4, seed=1)}
    alone, tied = gains(ways), gains(ways, units=np.arange(SAMPLES) // 15)
    assert tied["accuracy"].tolist() == alone["accuracy"].tolist()
    assert tied["difference_low"].iloc[1] != alone["difference_low"].iloc[1]


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
    with pytest.raises(DataError, match="labelled samples"):
        gains({"plain": plain.assign(label="")})
