"""How unlike the training images an image is, and from where on it is none of the classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from cellclf.errors import DataError
from cellclf.evaluation.outliers import OutlierScores, Refusal


def two_classes(n: int, width: int, seed: int = 0):
    """Features of two classes with one covariance, and their class numbers."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(width, width))
    labels = np.arange(n) % 2
    return rng.normal(size=(n, width)) @ mixed + 9 * labels[:, None], labels


def test_a_score_is_the_distance_of_mahalanobis_to_the_nearest_class():
    features, labels = two_classes(4000, 6)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    means = [features[labels == number].mean(axis=0) for number in (0, 1)]
    away = features - np.stack(means)[labels]
    inverse = np.linalg.inv(np.cov(away.T, bias=True))
    others, _ = two_classes(50, 6, seed=1)
    wanted = [min(mahalanobis(one, mean, inverse) for mean in means) for one in others]
    # All directions but one are measured one by one, and the last by what is left of it: the same.
    np.testing.assert_allclose(scores.of(others) * np.sqrt(6), wanted, rtol=2e-3)
    assert np.sqrt((scores.of(features) ** 2).mean()) == pytest.approx(1.0, abs=0.02)


def test_the_units_of_features_do_not_matter():
    features, labels = two_classes(500, 5)
    units = np.array([0.01, 1.0, 1e3, 7.0, 0.1])
    scores, other = (OutlierScores.fitted(one, labels) for one in (features, 1e4 * features))
    assert scores is not None
    assert other is not None
    np.testing.assert_allclose(other.of(1e4 * features), scores.of(features), rtol=1e-5)
    apart = OutlierScores.fitted(units * features, labels)
    assert apart is not None
    # Nearly, as a feature that hardly varies is not believed to vary that little.
    assert np.corrcoef(apart.of(units * features), scores.of(features))[0, 1] > 0.9


def test_more_features_than_images_still_tell_what_is_far():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 400)) @ np.diag(np.linspace(0.1, 2, 400))
    scores = OutlierScores.fitted(features, np.arange(60) % 3)
    assert scores is not None
    assert scores.directions.shape == (400, 14)
    assert np.sqrt((scores.of(features) ** 2).mean()) == pytest.approx(1.0, abs=0.06)
    assert scores.of(features * 8).min() > scores.of(features).max()


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (np.zeros((0, 5)), np.zeros(0, int)),
        (np.random.default_rng(0).normal(size=(5, 8)), np.arange(5) % 2),
        (np.ones((100, 8)), np.arange(100) % 2),
        (np.repeat([[1.0, 2.0], [3.0, 4.0]], 50, axis=0), np.repeat([0, 1], 50)),
    ],
    ids=["none", "too few", "all alike", "alike within each class"],
)
def test_there_are_no_scores_where_nothing_can_be_learned(features, labels):
    assert OutlierScores.fitted(features, labels) is None


def test_a_feature_that_never_moved_and_now_does_is_noticed():
    features, labels = two_classes(500, 6)
    features[:, 3] = 2.0
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    other = features[:1].copy()
    other[:, 3] = 5.0
    assert np.isfinite(scores.of(other)).all()
    assert scores.of(other) > 10 * scores.of(features).max()


def test_features_that_are_no_numbers_are_infinitely_far():
    features, labels = two_classes(500, 6)
    features[7] = np.inf
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    found = scores.of([[np.nan] * 6, [np.inf] * 6, [1e30] * 6, [0.0] * 6])
    assert np.isinf(found[:2]).all()
    assert np.isfinite(found[2:]).all()
    refusal = Refusal.fitted(scores.of(features[8:]))
    assert refusal is not None
    assert refusal.refuses(found).tolist() == [True, True, True, False]


def test_scores_come_back_from_a_file_as_they_were():
    features, labels = two_classes(500, 6)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    kept = scores.rounded()
    np.testing.assert_array_equal(kept.of(features), kept.rounded().of(features))
    np.testing.assert_allclose(kept.of(features), scores.of(features), rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("means", None, "'means' is missing"),
        ("means", np.zeros((2, 5)), "'means' must have shape"),
        ("directions", np.zeros((6, 2)), "'directions' must have shape"),
        ("rest", np.zeros(1), "'rest' must be more than 0"),
        ("variances", -np.ones(5), "'variances' must be more than 0"),
        ("scales", np.ones(7), "must have shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, array, said):
    features, labels = two_classes(500, 6)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    arrays = scores.arrays()
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    with pytest.raises(DataError, match=said):
        OutlierScores.read(arrays)


def test_features_of_another_width_are_refused():
    scores = OutlierScores.fitted(*two_classes(500, 6))
    assert scores is not None
    with pytest.raises(DataError, match=r"shape \(n, 6\). Received: shape \(3, 5\)"):
        scores.of(np.zeros((3, 5)))


def test_no_more_are_refused_on_average_than_may_be():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        known = rng.exponential(size=59)
        refusal = Refusal.fitted(known, share=0.05)
        assert refusal is not None
        shares.append(refusal.refuses(rng.exponential(size=200)).mean())
    # Of 60 places, 3 lie above the threshold.
    assert np.mean(shares) == pytest.approx(0.05, abs=0.005)


def test_too_few_cells_promise_nothing():
    assert Refusal.fitted(np.arange(18), share=0.05) is None
    assert Refusal.fitted(np.arange(19), share=0.05) is not None
    assert Refusal.fitted(np.full(100, np.nan)) is None
    refusal = Refusal.fitted(np.arange(100))
    assert refusal is not None
    assert not refusal.refuses([np.nan]).any()


def test_the_score_of_several_views_is_the_mean_of_theirs() -> None:
    rng = np.random.default_rng(0)
    scores = OutlierScores.fitted(rng.normal(size=(200, 5)), np.arange(200) % 2)
    assert scores is not None
    views = rng.normal(size=(7, 4, 5))
    each = np.stack([scores.of(views[:, view]) for view in range(4)], axis=1)
    np.testing.assert_allclose(scores.of(views), each.mean(axis=1), rtol=1e-6)
    assert scores.of(views).shape == (7,)
    views[2, 1, 0] = np.nan
    assert scores.of(views)[2] == np.inf
