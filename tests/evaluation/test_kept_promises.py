"""What was promised and what came of it, against counting by hand, SciPy and statsmodels."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import (
    BINS,
    Calibration,
    expected_calibration_error,
    reliability,
)
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.kept_promises import kept_promises, promise_sentences
from cellclf.evaluation.outliers import Refusal
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.proportions import share

CLASSES = ("a", "b", "c")
THRESHOLDS = (0.3, 0.25, 0.0)
FITTED_TO = (39, 59, 4)

DECISION = Decision(
    calibration=Calibration(temperature=2.0, biases=np.zeros(3), samples=102),
    review=Review(target=0.9, threshold=0.5, accepted=0.7, bound=0.91),
    sets=ConformalSets(
        coverage=0.9, thresholds=np.array(THRESHOLDS), samples=np.array(FITTED_TO, np.intp)
    ),
    refusal=Refusal(share=0.1, threshold=1.0, samples=102),
)


def predicted(number: int = 120, *, labels: str = "aaabbc", seed: int = 0) -> pd.DataFrame:
    """Predictions that are right more often than not, some of cells that are refused."""
    rng = np.random.default_rng(seed)
    true = np.array([CLASSES.index(labels[row % len(labels)]) for row in range(number)])
    raw = rng.dirichlet(np.full(3, 0.5), size=number) + 0.4 * np.eye(3)[true]
    return predictions_table(
        sample_ids=[str(row) for row in range(number)],
        labels=[CLASSES[place] for place in true],
        probabilities=raw / raw.sum(axis=1, keepdims=True),
        classes=CLASSES,
        outlier_scores=rng.exponential(0.7, size=number),
    )


def exact(hits: int, number: int) -> Any:
    """Clopper and Pearson's interval by statsmodels."""
    return pytest.approx(proportion_confint(hits, number, method="beta"))


RAW = predicted()
DECIDED = DECISION.decide(RAW)
FOUND = kept_promises(RAW, DECIDED, DECISION)

REFUSED = RAW["outlier_score"] > 1
RIGHT = DECIDED[["p_a", "p_b", "p_c"]].to_numpy().argmax(axis=1) == RAW["label"].map(CLASSES.index)
SURE = (DECIDED["confidence"] >= 0.5) & ~REFUSED


def test_the_sets_that_are_tried_are_neither_all_nor_nothing() -> None:
    for marked in (REFUSED, RIGHT, SURE):
        assert 0 < marked.sum() < len(marked)
    assert REFUSED[DECIDED["confidence"] >= 0.5].any()
    assert 0 < RIGHT[REFUSED].sum() < REFUSED.sum()


def test_of_what_is_accepted_it_says_how_much_and_how_often_it_is_right() -> None:
    review = FOUND["review"]
    hits, number = int(RIGHT[SURE].sum()), int(SURE.sum())
    assert review["target"] == 0.9
    assert review["threshold"] == 0.5
    assert review["accepted"] == pytest.approx(number / len(RAW))
    assert review["samples"] == number
    assert review["accuracy"] == pytest.approx(hits / number)
    assert (review["low"], review["high"]) == exact(hits, number)


def test_of_what_is_refused_it_says_how_much_and_what_was_lost() -> None:
    refusal = FOUND["refusal"]
    assert refusal["share"] == 0.1
    assert refusal["samples"] == len(RAW)
    assert refusal["refused"] == pytest.approx(REFUSED.mean())
    assert (refusal["low"], refusal["high"]) == exact(int(REFUSED.sum()), len(RAW))
    assert refusal["kept"] == pytest.approx(RIGHT[~REFUSED].mean())
    assert refusal["lost"] == pytest.approx(RIGHT[REFUSED].mean())
    assert list(refusal["classes"]) == list(CLASSES)
    for name, of_class in refusal["classes"].items():
        members = RAW["label"] == name
        assert of_class["samples"] == members.sum()
        assert of_class["refused"] == pytest.approx(REFUSED[members].mean())
        wanted = exact(int(REFUSED[members].sum()), int(members.sum()))
        assert (of_class["low"], of_class["high"]) == wanted


def test_of_sets_it_says_how_many_hold_the_class_and_what_would_be_no_surprise() -> None:
    sets = FOUND["sets"]
    prob = DECIDED[["p_a", "p_b", "p_c"]].to_numpy(dtype=float)
    held = prob >= np.array(THRESHOLDS)
    assert sets["coverage"] == 0.9
    assert sets["of"] == 3
    assert sets["size"] == pytest.approx(held.sum(axis=1).mean())
    assert list(sets["classes"]) == list(CLASSES)
    for place, (name, of_class) in enumerate(sets["classes"].items()):
        members = (RAW["label"] == name).to_numpy()
        number = int(members.sum())
        assert of_class["samples"] == number
        assert of_class["covered"] == pytest.approx(held[members, place].mean())
        # Angelopoulos and Bates (2023), section 3.2; the chance of a miss is divided by three.
        below = {"a": 4, "b": 6}.get(name, 0)
        if below:
            law = stats.betabinom(number, FITTED_TO[place] + 1 - below, below)
            ends = (law.ppf(0.005 / 3) / number, law.ppf(1 - 0.005 / 3) / number)
        else:
            ends = (1.0, 1.0)
        assert (of_class["low"], of_class["high"]) == pytest.approx(ends)


def test_calibration_is_judged_before_and_after() -> None:
    true = np.array([CLASSES.index(name) for name in RAW["label"]])
    for when, table in (("before", RAW), ("after", DECIDED)):
        prob = table[["p_a", "p_b", "p_c"]].to_numpy()
        error = FOUND["calibration_error"][when]
        assert error == pytest.approx(expected_calibration_error(true, prob))
        wanted = reliability(true, prob, units=np.arange(len(true))).to_dict("list")
        np.testing.assert_equal(FOUND["reliability"][when], wanted)
    assert FOUND["calibration_error"]["before"] != FOUND["calibration_error"]["after"]
    assert FOUND["calibration_error"]["bins"].startswith(f"{BINS} bins")
    assert FOUND["temperature"] == 2.0


def test_samples_that_belong_together_make_every_interval_wider() -> None:
    units = np.arange(len(RAW)) // 2
    found = kept_promises(RAW, DECIDED, DECISION, units=units)
    for part in ("review", "refusal"):
        assert found[part]["samples"] == FOUND[part]["samples"]
    within = share(RIGHT[SURE].to_numpy(), units[SURE])
    assert (found["review"]["low"], found["review"]["high"]) == (within.low, within.high)
    within = share(REFUSED.to_numpy(), units)
    assert (found["refusal"]["low"], found["refusal"]["high"]) == (within.low, within.high)
    of_a = (RAW["label"] == "a").to_numpy()
    within = share(REFUSED[of_a].to_numpy(), units[of_a])
    of_class = found["refusal"]["classes"]["a"]
    assert (of_class["low"], of_class["high"]) == (within.low, within.high)
    true = np.array([CLASSES.index(name) for name in RAW["label"]])
    for when, table in (("before", RAW), ("after", DECIDED)):
        prob = table[["p_a", "p_b", "p_c"]].to_numpy()
        wanted = reliability(true, prob, units=units).to_dict("list")
        np.testing.assert_equal(found["reliability"][when], wanted)
    grouped = kept_promises(
        RAW.assign(group=[f"field={unit}" for unit in units]),
        DECIDED.assign(group=[f"field={unit}" for unit in units]),
        DECISION,
    )
    np.testing.assert_equal(grouped, found)


def test_rows_without_a_label_and_classes_without_rows_are_left_out() -> None:
    some = predicted(labels="aab")
    raw = pd.concat([some, RAW.assign(label="")], ignore_index=True)
    raw["sample_id"] = [str(row) for row in range(len(raw))]
    found = kept_promises(raw, DECISION.decide(raw), DECISION, units=np.arange(len(raw)))
    np.testing.assert_equal(found, kept_promises(some, DECISION.decide(some), DECISION))
    assert list(found["sets"]["classes"]) == list(found["refusal"]["classes"]) == ["a", "b"]
    # Of two classes, the chance of a miss is halved.
    law = stats.betabinom(80, 36, 4)
    of_class = found["sets"]["classes"]["a"]
    wanted = (law.ppf(0.0025) / 80, law.ppf(0.9975) / 80)
    assert (of_class["low"], of_class["high"]) == pytest.approx(wanted)


def test_where_nothing_is_accepted_or_refused_there_is_no_share_of_it() -> None:
    strict = dataclasses.replace(
        DECISION,
        review=Review(target=0.999, threshold=2.0, accepted=0.0, bound=float("nan")),
        refusal=Refusal(share=0.1, threshold=1e6, samples=102),
    )
    found = kept_promises(RAW, strict.decide(RAW), strict)
    assert found["review"]["accepted"] == found["review"]["samples"] == 0
    assert np.isnan(found["review"]["accuracy"])
    assert np.isnan(found["review"]["low"])
    assert found["refusal"]["refused"] == 0
    assert np.isnan(found["refusal"]["lost"])
    assert found["refusal"]["kept"] == pytest.approx(RIGHT.mean())


def numbers(sentence: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", sentence)


TOLD: dict[str, Any] = {
    "calibration_error": {"before": 0.124, "after": 0.0312},
    "review": {
        "target": 0.98,
        "threshold": 0.813,
        "accepted": 0.71,
        "accuracy": 0.985,
        "low": 0.971,
        "high": 0.993,
        "samples": 710,
    },
    "sets": {
        "coverage": 0.9,
        "size": 1.234,
        "of": 3,
        "classes": {"a": {"covered": 0.95}, "b": {"covered": 0.87}, "c": {"covered": 0.91}},
    },
    "refusal": {
        "share": 0.05,
        "refused": 0.067,
        "lost": 0.42,
        "classes": {"a": {"refused": 0.02}, "b": {"refused": 0.21}, "c": {"refused": 0.03}},
    },
}


def test_people_are_told_the_figures_that_were_found() -> None:
    calibrated, review, refused, sets = promise_sentences(TOLD)
    assert calibrated.startswith("Calibrated: ")
    assert numbers(calibrated) == ["3.1", "12.4"]
    assert review.startswith("Review: ")
    assert numbers(review) == ["29.0", "81.3", "98.5", "95", "97.1", "99.3", "98.0"]
    assert refused.startswith("Refused: ")
    assert numbers(refused) == ["6.7", "5.0", "21.0", "42.0"]
    assert "it befell b: 21.0" in refused
    assert sets.startswith("Sets of classes: 1.23 classes on average")
    assert numbers(sets) == ["1.23", "90.0", "87.0"]
    assert sets.endswith("(b).")


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_an_interval_that_there_is_not_is_not_told(missing: float | None) -> None:
    review = {**TOLD["review"], "low": missing, "high": missing}
    _, said, *_ = promise_sentences({**TOLD, "review": review})
    assert numbers(said) == ["29.0", "81.3", "98.5", "98.0"]
    assert "interval" not in said


def test_what_was_not_reached_or_not_asked_is_told_as_such() -> None:
    none_accepted = {**TOLD["review"], "samples": 0, "accuracy": float("nan")}
    none_refused = {**TOLD["refusal"], "refused": 0.0}
    all_classes = {**TOLD["sets"], "size": 3.0}
    said = promise_sentences(
        {**TOLD, "review": none_accepted, "refusal": none_refused, "sets": all_classes}
    )
    assert said[1].startswith("Review: every answer.")
    assert numbers(said[1]) == ["98.0"]
    assert said[2].startswith("Refused: none of the cells")
    assert numbers(said[2]) == ["5.0"]
    assert "hold every class" in said[3]
    assert numbers(said[3]) == ["90.0"]
    assert len(said) == 4
    for without in ({**TOLD, "refusal": None}, {k: v for k, v in TOLD.items() if k != "refusal"}):
        assert [one.partition(":")[0] for one in promise_sentences(without)] == [
            "Calibrated",
            "Review",
            "Sets of classes",
        ]
