from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as reference

from cellclf.evaluation.confusion import (
    confusion_matrix,
    f1,
    mean_over_classes,
    negative_predictive_value,
    precision,
    recall,
    specificity,
)

CLASSES = 3
NUMBERS = st.integers(0, CLASSES - 1)
WEIGHTS = st.sampled_from([0.0, 0.125, 0.5, 1.0, 3.0])


class Answers(NamedTuple):
    """Answers to some samples, each with a weight."""

    true: NDArray[np.intp]
    given: NDArray[np.intp]
    weight: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.float64]:
        return confusion_matrix(
            self.true, self.given, num_classes=CLASSES, sample_weight=self.weight
        )


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    rows = draw(st.lists(st.tuples(NUMBERS, NUMBERS, WEIGHTS), min_size=1, max_size=12))
    true, told, weight = zip(*rows, strict=True)
    return Answers(np.array(true), np.array(told), np.array(weight))


@given(answers())
def test_the_counts_are_those_of_scikit_learn(drawn: Answers) -> None:
    assume(drawn.weight.any())  # scikit-learn refuses nothing but zeros
    expected = reference.confusion_matrix(
        drawn.true, drawn.given, labels=range(CLASSES), sample_weight=drawn.weight
    )
    assert drawn.counts.tolist() == expected.tolist()


@given(answers())
def test_the_figures_of_a_class_are_those_of_scikit_learn(drawn: Answers) -> None:
    assume(drawn.weight.any())  # scikit-learn refuses nothing but zeros
    found = [figure(drawn.counts) for figure in (precision, recall, f1)]
    expected = reference.precision_recall_fscore_support(
        drawn.true,
        drawn.given,
        labels=range(CLASSES),
        sample_weight=drawn.weight,
        zero_division=0.0,
    )
    occurs = drawn.counts.sum(axis=1) > 0
    for ours, theirs in zip(found, expected, strict=False):
        assert ours[occurs] == pytest.approx(theirs[occurs])
        assert np.isnan(ours[~occurs]).all()


@given(answers())
def test_a_class_against_the_others_is_counted_sample_by_sample(drawn: Answers) -> None:
    rejects = specificity(drawn.counts)
    dismisses = negative_predictive_value(drawn.counts)
    for number in range(CLASSES):
        of_it, told = drawn.true == number, drawn.given == number
        others, dismissed = drawn.weight[~of_it].sum(), drawn.weight[~told].sum()
        right = drawn.weight[~of_it & ~told].sum()
        occurs = drawn.weight[of_it].sum() > 0
        expected = right / others if occurs and others > 0 else np.nan
        assert rejects[number] == pytest.approx(expected, nan_ok=True)
        expected = right / dismissed if occurs and dismissed > 0 else np.nan
        assert dismisses[number] == pytest.approx(expected, nan_ok=True)


@given(answers(), st.integers(0, 5))
def test_many_weightings_at_once_are_each_by_itself(drawn: Answers, seed: int) -> None:
    weights = np.random.default_rng(seed).integers(0, 3, (2, 2, len(drawn.true)))
    together = confusion_matrix(drawn.true, drawn.given, num_classes=CLASSES, sample_weight=weights)
    assert together.shape == (2, 2, CLASSES, CLASSES)
    for place in np.ndindex(2, 2):
        alone = drawn._replace(weight=weights[place]).counts
        assert together[place].tolist() == alone.tolist()
        for figure in (precision, recall, f1, specificity, negative_predictive_value):
            assert figure(together)[place] == pytest.approx(figure(alone), nan_ok=True)


def test_samples_count_once_where_nobody_weighs_them() -> None:
    counts = confusion_matrix(np.array([1, 1, 0]), np.array([1, 2, 0]), num_classes=CLASSES)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    some = confusion_matrix(
        np.array([1, 1, 0]),
        np.array([1, 1, 0]),
        num_classes=2,
        sample_weight=np.array([True, True, False]),
    )
    assert some.tolist() == [[0, 0], [0, 2]]
    nothing = confusion_matrix(np.array([], int), np.array([], int), num_classes=2)
    assert nothing.tolist() == [[0, 0], [0, 0]]


def test_a_mean_over_classes_leaves_out_those_without_a_figure() -> None:
    nan = np.nan
    figures = np.array([[1.0, 0.5, nan], [nan, nan, nan], [0.0, 0.0, 0.75], [nan, 0.5, nan]])
    assert mean_over_classes(figures) == pytest.approx([0.75, nan, 0.25, 0.5], nan_ok=True)
