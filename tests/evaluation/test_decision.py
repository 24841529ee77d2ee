"""From probabilities to answers, and whether their promises are kept."""

from __future__ import annotations

import numpy as np
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.abstention import review_threshold
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.kept_promises import kept_promises, promise_sentences
from cellclf.evaluation.outliers import Refusal
from cellclf.evaluation.predictions import predictions_table, probabilities, true_classes

CLASSES = ("a", "b", "c")


def too_sure(n: int, seed: int):
    """Predictions of a network that is twice as sure as it is right."""
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(3, 0.3), n)
    true = (rng.random((n, 1)) > prob.cumsum(axis=1)).sum(axis=1).clip(max=2)
    sharp = prob**2 / (prob**2).sum(axis=1, keepdims=True)
    return predictions_table(
        sample_ids=[str(number) for number in range(n)],
        labels=[CLASSES[number] for number in true],
        probabilities=sharp,
        classes=CLASSES,
    )


DECISION = Decision.fitted(too_sure(2000, 0), target=0.9, coverage=0.9)


def test_answers_follow_from_the_calibrated_probabilities():
    assert DECISION is not None
    raw = too_sure(500, 1)
    decided = DECISION.decide(raw)
    np.testing.assert_allclose(
        probabilities(decided), DECISION.calibration.apply(probabilities(raw)), rtol=1e-6
    )
    assert decided["confidence"].mean() < raw["confidence"].mean()
    assert (decided["review"] == (decided["confidence"] < DECISION.review.threshold)).all()
    assert (decided["predicted"] == decided["top_class"]).all()
    assert decided["label"].tolist() == raw["label"].tolist()


def test_what_was_promised_is_kept_on_other_samples():
    assert DECISION is not None
    raw = too_sure(4000, 2)
    found = kept_promises(raw, DECISION.decide(raw), DECISION)
    error = found["calibration_error"]
    assert error["after"] < 0.03 < error["before"]
    assert found["review"]["high"] >= 0.9
    assert 0 < found["review"]["accepted"] < 1
    for of_class in found["sets"]["classes"].values():
        assert of_class["low"] <= of_class["covered"] <= of_class["high"]
    assert sum(one["samples"] for one in found["sets"]["classes"].values()) == 4000
    assert 1 <= found["sets"]["size"] <= 3


def test_cells_unlike_the_training_images_are_none_of_the_classes():
    rng = np.random.default_rng(3)
    known = too_sure(2000, 0).assign(outlier_score=rng.exponential(size=2000).astype(np.float32))
    decision = Decision.fitted(known, target=0.9, refused=0.1)
    assert decision is not None
    assert decision.rounded().refusal == decision.refusal
    raw = too_sure(4000, 2).assign(outlier_score=rng.exponential(size=4000).astype(np.float32))
    raw.loc[0, "outlier_score"] = np.nan
    decided = decision.decide(raw)
    refused = decided["predicted"] == "unidentified"
    assert (refused == (raw["outlier_score"] > decision.refusal.threshold)).all()
    assert decided.loc[refused, "review"].all()
    assert (decided.loc[~refused, "predicted"] == decided.loc[~refused, "top_class"]).all()
    assert (decided["outlier_score"].dropna() == raw["outlier_score"].dropna()).all()

    found = kept_promises(raw, decided, decision)["refusal"]
    assert found["low"] <= 0.1 <= found["high"]
    assert found["refused"] == pytest.approx(refused.mean())
    right = decided["top_class"] == decided["label"]
    assert found["kept"] == pytest.approx(right[~refused].mean())
    assert found["lost"] == pytest.approx(right[refused].mean())
    assert sum(one["samples"] for one in found["classes"].values()) == 4000
    said = promise_sentences(kept_promises(raw, decided, decision))
    assert any(text.startswith(("Refused: 10.", "Refused: 9.")) for text in said)
    assert said[0].startswith("Calibrated: confidences are off by ")
    assert "percentage points on average (expected calibration error, ECE)" in said[0]


def test_every_part_is_fitted_to_the_labelled_samples_as_it_would_be_alone():
    rng = np.random.default_rng(4)
    table = too_sure(1200, 6).assign(outlier_score=rng.exponential(size=1200).astype(np.float32))
    table = table.assign(label=table["label"].where(rng.random(1200) < 0.9, ""))
    units = np.arange(1200) // 2
    found = Decision.fitted(table, units=units, target=0.8, coverage=0.85, refused=0.05)
    known = (table["label"] != "").to_numpy()
    true, raw = true_classes(table)[known], probabilities(table)[known]
    calibration = Calibration.fitted(true, raw)
    prob = calibration.apply(raw)
    refusal = Refusal.fitted(table["outlier_score"][known].to_numpy(), share=0.05)
    sets = ConformalSets.fitted(true, prob, coverage=0.85)
    kept = ~refusal.refuses(table["outlier_score"][known])
    right = prob.argmax(axis=1) == true
    review = review_threshold(prob[kept].max(axis=1), right[kept], units[known][kept], target=0.8)
    assert review.reached
    assert found is not None
    assert found.thresholds() == {
        "temperature": calibration.temperature,
        "calibrated_on": known.sum(),
        "review": review.threshold,
        "review_target": 0.8,
        "review_accepted": review.accepted * kept.mean(),
        "review_bound": review.bound,
        "set_coverage": 0.85,
        "outlier": refusal.threshold,
        "outlier_share": 0.05,
        "outlier_samples": known.sum(),
    }
    wanted = {
        "biases": calibration.biases,
        "set_thresholds": sets.thresholds,
        "set_samples": np.bincount(true),
    }
    assert found.arrays().keys() == wanted.keys()
    for name, array in found.arrays().items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, wanted[name], rtol=1e-6)


def test_what_nobody_asks_for_is_ninety_eight_and_ninety_five_per_cent():
    found = Decision.fitted(too_sure(60, 0).assign(outlier_score=np.arange(60, dtype=np.float32)))
    assert found is not None
    numbers = found.thresholds()
    assert (numbers["review_target"], numbers["set_coverage"]) == (0.98, 0.95)
    assert (numbers["review_accepted"], numbers["review_bound"]) == (0, 0)
    assert found.decide(too_sure(20, 1))["review"].all()


def test_rows_keep_their_names_and_marks_are_booleans():
    assert DECISION is not None
    raw = too_sure(30, 1).set_axis(np.arange(30) + 100)
    decided = DECISION.decide(raw)
    assert decided.index.tolist() == raw.index.tolist()
    assert str(decided["review"].dtype) == "boolean"
    assert (decided["review"] == (decided["confidence"] < DECISION.review.threshold)).all()
    assert decided["review"].notna().all()
    refused, review = DECISION.marks(
        np.array([DECISION.review.threshold, 0.0], np.float32), [np.nan, 9.0]
    )
    assert refused.tolist() == [False, False]
    assert review.tolist() == [False, True]


def test_what_is_accepted_is_right_as_often_as_asked_where_much_is_refused():
    # Cells that are odd are easy here, and refused: what is left is less often right.
    def odd(n: int, seed: int):
        table = too_sure(n, seed)
        easy = (table["label"] == table["top_class"]) & (table["confidence"] > 0.9)
        score = np.random.default_rng(seed).random(n) + easy
        return table.assign(outlier_score=score.astype(np.float32))

    decision = Decision.fitted(odd(4000, 0), target=0.85, refused=0.3)
    assert decision is not None
    raw = odd(8000, 1)
    found = kept_promises(raw, decision.decide(raw), decision)["review"]
    assert found["high"] >= 0.85
    assert found["accepted"] == pytest.approx(decision.review.accepted, abs=0.03)


def test_sets_of_some_classes_are_not_said_to_hold_all():
    assert DECISION is not None
    table = too_sure(1000, 5)
    one = table[table["label"] == "a"].reset_index(drop=True)
    found = kept_promises(one, DECISION.decide(one), DECISION)
    assert found["sets"]["of"] == 3
    assert not any("hold every class" in said for said in promise_sentences(found))
    with pytest.raises(DataError, match=r"labelled samples\. Received: none"):
        kept_promises(one[:0], DECISION.decide(one[:0]), DECISION)


def test_without_scores_nothing_is_refused():
    assert DECISION is not None
    assert DECISION.refusal is None
    raw = too_sure(100, 1)
    assert kept_promises(raw, DECISION.decide(raw), DECISION)["refusal"] is None


def test_a_decision_comes_back_from_numbers_as_it_was():
    assert DECISION is not None
    again = DECISION.rounded()
    assert again.thresholds() == DECISION.thresholds()
    for name, array in DECISION.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    with pytest.raises(DataError, match="'biases' must have shape"):
        Decision.read(DECISION.thresholds(), DECISION.arrays(), classes=4)
    with pytest.raises(DataError, match="'review' is missing"):
        less = {name: one for name, one in DECISION.thresholds().items() if name != "review"}
        Decision.read(less, DECISION.arrays(), classes=3)


NUMBERS = {
    "temperature": 1.5,
    "calibrated_on": 200.0,
    "review": 0.8,
    "review_target": 0.9,
    "review_accepted": 0.7,
    "review_bound": 0.92,
    "set_coverage": 0.9,
    "outlier": 12.0,
    "outlier_share": 0.01,
    "outlier_samples": 200.0,
}
OF_CLASSES = {
    "biases": np.array([-3.0, 0.0, 3.0], np.float32),
    "set_thresholds": np.array([0.0, 0.5, 1.0], np.float32),
    "set_samples": np.array([0.0, 80.0, 120.0], np.float32),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.0),
        ("temperature", np.inf),
        ("review", -0.01),
        ("review", np.nan),
        ("outlier", -1.0),
        *((name, value) for name in ("review_target", "review_bound") for value in (-0.01, 1.01)),
        *((name, 1.01) for name in ("review_accepted", "set_coverage", "outlier_share")),
        *((name, value) for name in ("calibrated_on", "outlier_samples") for value in (-1.0, 0.5)),
    ],
)
def test_a_threshold_that_cannot_be_is_refused_by_its_name(name, value):
    with pytest.raises(DataError, match=f"^'{name}' is out of range. Received: {value}$"):
        Decision.read({**NUMBERS, name: value}, OF_CLASSES, classes=3)


def test_thresholds_at_the_ends_of_their_range_are_taken():
    least = {**dict.fromkeys(NUMBERS, 0.0), "temperature": 1e-6}
    assert Decision.read(least, OF_CLASSES, classes=3).thresholds() == least
    most = {**NUMBERS, "review_target": 1.0, "review_accepted": 1.0, "set_coverage": 1.0}
    read = Decision.read(most, OF_CLASSES, classes=3)
    assert read.thresholds() == most
    assert {name: array.tolist() for name, array in read.arrays().items()} == {
        name: array.tolist() for name, array in OF_CLASSES.items()
    }


def test_where_no_answer_is_accepted_nothing_is_said_of_those_that_are():
    none = {**NUMBERS, "review_accepted": 0.0, "review_bound": 0.0}
    assert np.isnan(Decision.read(none, OF_CLASSES, classes=3).review.bound)
    with pytest.raises(DataError, match=r"^'review_bound' is given, of answers of which none"):
        Decision.read({**none, "review_bound": 0.92}, OF_CLASSES, classes=3)
    unknown = {name: value for name, value in NUMBERS.items() if name != "review_accepted"}
    with pytest.raises(DataError, match=r"^'review_accepted' is missing$"):
        Decision.read(unknown, OF_CLASSES, classes=3)


@pytest.mark.parametrize("left", ["outlier_share", "outlier_samples"])
def test_the_numbers_of_a_refusal_come_together(left):
    without = {name: value for name, value in NUMBERS.items() if not name.startswith("outlier")}
    assert Decision.read(without, OF_CLASSES, classes=3).refusal is None
    with pytest.raises(DataError, match=r"^'outlier' is missing$"):
        Decision.read({**without, left: NUMBERS[left]}, OF_CLASSES, classes=3)
    others = {name: value for name, value in NUMBERS.items() if name != left}
    with pytest.raises(DataError, match=f"^'{left}' is missing$"):
        Decision.read(others, OF_CLASSES, classes=3)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("set_thresholds", [0, 0, 1.01], "must be from 0 to 1$"),
        ("set_thresholds", [-0.01, 0, 1], "must be from 0 to 1$"),
        ("set_thresholds", [0, np.nan, 1], "must be from 0 to 1$"),
        ("set_samples", [0, 1, 2.5], "must hold whole numbers$"),
        ("set_samples", [0, 1], r"must have shape \(3,\)\. Received: shape \(2,\)$"),
        ("else", [0, 1, 2], "has no place in a decision$"),
    ],
)
def test_an_array_that_cannot_be_is_refused_by_its_name(name, values, reason):
    arrays = {**OF_CLASSES, name: np.array(values, np.float32)}
    with pytest.raises(DataError, match=f"^'{name}' {reason}"):
        Decision.read(NUMBERS, arrays, classes=3)


def test_too_few_samples_or_classes_decide_nothing():
    assert Decision.fitted(too_sure(49, 0)) is None
    table = too_sure(400, 0)
    assert Decision.fitted(table[table["label"] == "a"]) is None
    assert Decision.fitted(table.assign(label="")) is None


def test_sets_that_hold_everything_are_said_to_promise_nothing():
    few = Decision.fitted(too_sure(51, 0), coverage=0.99)
    assert few is not None
    raw = too_sure(300, 1)
    *_, said = promise_sentences(kept_promises(raw, few.decide(raw), few))
    assert said.startswith("Sets of classes: all of them hold every class.")
    assert DECISION is not None
    *_, said = promise_sentences(kept_promises(raw, DECISION.decide(raw), DECISION))
    assert "They are to hold 90.0\xa0% of the cells of each class" in said
