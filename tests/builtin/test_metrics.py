"""The built-in metrics, against scikit-learn and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from cellclf.builtin import metrics
from cellclf.builtin.metric_specs import METRICS
from cellclf.errors import DataError
from cellclf.specs import resolve

NAMES = tuple("abcdefghij")
CASES = [(n, k, seed) for n in (12, 300) for k in (2, 3, 8) for seed in (0, 1)]


def predictions(n, k, seed, *, ties=True):
    """Labels, probabilities with ties, and weights with zeros; not every class need occur."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += 1
    prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    prob = np.round(prob, 2) if ties else prob
    return true, prob, rng.integers(0, 4, n) * rng.random(n)


def occurring(true, weight):
    return sorted({int(c) for c, w in zip(true, weight, strict=True) if w > 0})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k", "seed"), CASES)
def test_accuracies_equal_scikit_learns(n, k, seed, weighted):
    true, prob, weight = predictions(n, k, seed)
    weight = weight if weighted else np.ones(n)
    kept = weight > 0  # scikit-learn counts a class of no weight as one, we do not
    labels, top = true[kept], prob.argmax(axis=1)[kept]
    given_weight = weight if weighted else None

    found = metrics.accuracy(true, prob, classes=NAMES[:k], sample_weight=given_weight)
    assert found == pytest.approx(
        reference.accuracy_score(labels, top, sample_weight=weight[kept]), abs=1e-12
    )
    found = metrics.balanced_accuracy(true, prob, classes=NAMES[:k], sample_weight=given_weight)
    wanted = reference.recall_score(
        labels, top, labels=occurring(true, weight), average="macro", sample_weight=weight[kept]
    )
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k", "seed"), CASES)
@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_figures_of_each_class_equal_scikit_learns(name, n, k, seed, weighted):
    true, prob, weight = predictions(n, k, seed)
    weight = weight if weighted else np.ones(n)
    there = occurring(true, weight)
    score = getattr(reference, f"{name}_score")

    found = getattr(metrics, name)(
        true, prob, classes=NAMES[:k], sample_weight=weight if weighted else None
    )
    options = {"labels": there, "sample_weight": weight, "zero_division": 0}
    wanted = score(true, prob.argmax(axis=1), average=None, **options)
    assert [found[NAMES[c]] for c in there] == pytest.approx(wanted.tolist(), abs=1e-12)
    macro = score(true, prob.argmax(axis=1), average="macro", **options)
    assert found["macro"] == pytest.approx(macro, abs=1e-12)
    assert all(np.isnan(found[NAMES[c]]) for c in range(k) if c not in there)
    assert list(found) == [*NAMES[:k], "macro"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k", "seed"), CASES)
def test_roc_auc_equals_scikit_learns_one_against_the_rest(n, k, seed, weighted):
    true, prob, weight = predictions(n, k, seed)
    weight = weight if weighted else np.ones(n)
    there = occurring(true, weight)

    found = metrics.roc_auc(
        true, prob, classes=NAMES[:k], sample_weight=weight if weighted else None
    )
    wanted = [reference.roc_auc_score(true == c, prob[:, c], sample_weight=weight) for c in there]
    assert [found[NAMES[c]] for c in there] == pytest.approx(wanted, abs=1e-12)
    assert found["macro"] == pytest.approx(np.mean(wanted), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k", "seed"), CASES)
def test_specificity_and_npv_are_scikit_learns_recall_and_precision_of_the_rest(
    n, k, seed, weighted
):
    true, prob, weight = predictions(n, k, seed)
    weight = weight if weighted else np.ones(n)
    there, top = occurring(true, weight), prob.argmax(axis=1)
    options = {"sample_weight": weight, "zero_division": np.nan}
    for name, score in (
        ("specificity", reference.recall_score),
        ("negative_predictive_value", reference.precision_score),
    ):
        given_weight = weight if weighted else None
        found = getattr(metrics, name)(true, prob, classes=NAMES[:k], sample_weight=given_weight)
        wanted = [score(true != c, top != c, **options) for c in there]
        assert [found[NAMES[c]] for c in there] == pytest.approx(wanted, abs=1e-12, nan_ok=True)
        assert found["macro"] == pytest.approx(np.nanmean(wanted), abs=1e-12)


@pytest.mark.parametrize("spec", [m for m in METRICS if m.trials], ids=lambda spec: spec.name)
@pytest.mark.parametrize(("n", "k", "seed"), CASES)
def test_a_share_is_its_hits_among_those_counted(spec, n, k, seed):
    true, prob, _ = predictions(n, k, seed)
    figure = resolve(spec.compute)(true, prob, classes=NAMES[:k])
    figures = figure if isinstance(figure, dict) else {"": figure}
    trials = resolve(spec.trials)(true, prob, classes=NAMES[:k])
    shares = {
        name: hits[counted].mean() for name, (hits, counted) in trials.items() if counted.any()
    }
    for name in set(figures) & set(shares):
        if np.isfinite(figures[name]):
            assert shares[name] == pytest.approx(figures[name], abs=1e-12)
    # What is left out is the mean of what is named, over the classes that occur.
    for name in set(figures) - set(trials):
        assert name in ("", "macro")
        if {NAMES[number] for number in true} <= set(shares):
            wanted = np.mean([shares[NAMES[number]] for number in np.unique(true)])
            assert figures[name] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_many_weightings_at_once_give_what_each_gives_alone(spec):
    compute = resolve(spec.compute)
    true, prob, _ = predictions(60, 3, 1)
    weights = np.random.default_rng(0).multinomial(60, [1 / 60] * 60, size=5).astype(float)

    together = compute(true, prob, classes=NAMES[:3], sample_weight=weights)
    alone = [compute(true, prob, classes=NAMES[:3], sample_weight=row) for row in weights]
    if isinstance(together, dict):
        for name, figures in together.items():
            np.testing.assert_allclose(figures, [one[name] for one in alone], rtol=1e-12)
    else:
        np.testing.assert_allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
@given(
    seed=st.integers(0, 2**16),
    order=st.permutations(range(4)),
)
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_classes_does_not_matter_where_none_tie(spec, seed, order):
    compute = resolve(spec.compute)
    true, prob, weight = predictions(20, 4, seed, ties=False)
    rank = np.argsort(order)  # class c of the original is number rank[c] in the new order

    plain = compute(true, prob, classes=NAMES[:4], sample_weight=weight)
    renumbered = compute(
        rank[true],
        prob[:, order],
        classes=[NAMES[c] for c in order],
        sample_weight=weight,
    )
    assert renumbered == pytest.approx(plain, nan_ok=True, abs=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_class_without_samples_has_no_figure_and_no_part_in_the_mean():
    true, prob = np.array([0, 0, 1]), np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])
    assert metrics.recall(true, prob, classes=NAMES[:3]) == pytest.approx(
        {"a": 0.5, "b": 1.0, "c": np.nan, "macro": 0.75}, nan_ok=True
    )
    assert np.isnan(metrics.precision(true, prob, classes=NAMES[:3])["c"])
    assert np.isnan(metrics.roc_auc(true, prob, classes=NAMES[:3])["c"])
    assert metrics.balanced_accuracy(true, prob, classes=NAMES[:3]) == 0.75


@pytest.mark.filterwarnings("error")
def test_a_class_that_is_never_predicted_has_precision_zero():
    figures = metrics.precision([0, 1], [[0.9, 0.1], [0.8, 0.2]], classes=("a", "b"))
    assert figures == {"a": 0.5, "b": 0.0, "macro": 0.25}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_without_samples_every_figure_is_nan(spec):
    figure = resolve(spec.compute)([], np.zeros((0, 2)), classes=("a", "b"))
    figures = figure.values() if isinstance(figure, dict) else [figure]
    assert all(np.isnan(value) for value in figures)


@pytest.mark.filterwarnings("error")
def test_roc_auc_of_a_single_class_is_nan():
    assert np.isnan(metrics.roc_auc([0, 0], [[0.9, 0.1]] * 2, classes=("a", "b"))["macro"])


@pytest.mark.parametrize(
    ("true", "prob", "classes", "weight", "said"),
    [
        ([0, 1], [[0.5, 0.5]], ("a", "b"), None, "shapes"),
        ([0, 2], [[0.5, 0.5]] * 2, ("a", "b"), None, "class numbers"),
        ([0, 1], [[0.5, np.nan]] * 2, ("a", "b"), None, "finite"),
        ([0, 1], [[0.5, 0.5]] * 2, ("a", "b"), [1], "`sample_weight`"),
        ([0, 1], [[0.5, 0.5]] * 2, ("a", "b"), [1, -1], "not negative"),
        ([0, 1], [[0.5, 0.5]] * 2, ("a", "a"), None, "different names"),
        ([0, 1], [[0.5, 0.5]] * 2, ("a", "macro"), None, "'macro'"),
    ],
)
def test_what_does_not_fit_is_refused(true, prob, classes, weight, said):
    with pytest.raises(DataError, match=said):
        metrics.accuracy(true, prob, classes=classes, sample_weight=weight)
