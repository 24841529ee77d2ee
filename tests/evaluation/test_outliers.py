"""How unlike the training images an image is, and from where on it is none of the classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import mahalanobis

from cellclf.errors import DataError
from cellclf.evaluation.outliers import OutlierScores, Refusal, refused_too_many


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


def fitted_by_hand(features, labels):
    """Spread, means, directions and variances from the covariance within classes, by `eigh`."""
    spread = features.std(axis=0)
    scales = spread + 1e-3 * spread.max()
    scaled = features / scales
    present = np.unique(labels)
    means = np.stack([scaled[labels == number].mean(axis=0) for number in present])
    away = scaled - means[np.searchsorted(present, labels)]
    freedom = len(features) - len(present)
    covariance = away.T @ away / freedom
    values, vectors = np.linalg.eigh(covariance)
    kept = min(64, features.shape[1] - 1, freedom // 4)
    variances, directions = values[::-1][:kept], vectors[:, ::-1][:, :kept]
    rest = (np.trace(covariance) - variances.sum()) / (features.shape[1] - kept)
    return means, scales, directions, variances, rest


@pytest.mark.parametrize(("number", "width"), [(31, 9), (500, 6), (400, 80)])
def test_what_is_fitted_are_probabilistic_principal_components(number, width):
    features, labels = two_classes(number, width)
    labels = labels * 3 + 1  # a class without images, and one with more
    means, scales, directions, variances, rest = fitted_by_hand(features, labels)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    np.testing.assert_allclose(scores.means, means)
    np.testing.assert_allclose(scores.scales, scales)
    np.testing.assert_allclose(scores.variances, variances, rtol=1e-6)
    assert scores.rest == pytest.approx(rest, rel=1e-6)
    along = np.abs((directions * scores.directions).sum(axis=0))
    np.testing.assert_allclose(along, 1, atol=1e-5)


def test_a_score_is_that_of_the_covariance_that_was_kept():
    features, labels = two_classes(60, 9)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    inside = scores.directions @ scores.directions.T
    covariance = scores.directions @ np.diag(scores.variances) @ scores.directions.T
    covariance = covariance + scores.rest * (np.eye(9) - inside)
    inverse = np.linalg.inv(covariance)
    others, _ = two_classes(40, 9, seed=2)
    wanted = [
        min(mahalanobis(one / scores.scales, mean, inverse) for mean in scores.means) / 3
        for one in others
    ]
    np.testing.assert_allclose(scores.of(others), wanted, rtol=1e-4)
    assert scores.of(others).dtype == np.float32
    assert scores.of(others[:0]).tolist() == []


def test_features_of_very_many_images_are_scored_as_those_of_few():
    features, labels = two_classes(300, 80)
    scores = OutlierScores.fitted(features, labels)
    assert scores is not None
    others, _ = two_classes(700, 80, seed=1)
    alone = np.concatenate([scores.of(others[row : row + 1]) for row in range(0, 700, 50)])
    np.testing.assert_allclose(scores.of(others)[::50], alone, rtol=1e-5)


@pytest.mark.parametrize(("number", "fitted"), [(5, False), (6, True)])
def test_four_images_beside_one_of_each_class_are_the_fewest(number, fitted):
    features, labels = two_classes(number, 8)
    scores = OutlierScores.fitted(features, labels)
    assert (scores is not None) == fitted
    assert OutlierScores.fitted(features[:, :1], labels) is None
    if scores is not None:
        assert scores.directions.shape == (8, 1)


def test_a_direction_that_never_moved_is_nearly_as_narrow_as_numbers_can_be():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(200, 1)) @ rng.normal(size=(1, 5))
    scores = OutlierScores.fitted(flat, np.arange(200) % 2)
    assert scores is not None
    least = np.finfo(np.float32).eps * scores.variances[0]
    assert scores.variances[1:] == pytest.approx(least)
    assert scores.rest == pytest.approx(least)


KEPT = {
    "means": np.zeros((2, 3), np.float32),
    "scales": np.ones(3, np.float32),
    "directions": np.eye(3, dtype=np.float32)[:, :2],
    "variances": np.array([2, 1], np.float32),
    "rest": np.array([0.5], np.float32),
}


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        *((name, None, f"'{name}' is missing$") for name in KEPT),
        ("more", np.zeros(1), "'more' has no place among what tells outliers$"),
        ("means", np.zeros(3), r"'means' must have shape \(classes, 3\)\. Received: \(3,\)$"),
        ("means", np.zeros((0, 3)), r"'means' must have shape \(classes, 3\)\. Received: \(0, 3\)"),
        ("means", np.zeros((2, 2)), r"'means' must have shape \(classes, 3\)\. Received: \(2, 2\)"),
        ("scales", np.ones((3, 1)), r"'scales' must have shape \(3,\)\. Received: \(3, 1\)$"),
        (
            "directions",
            np.ones((3, 1)),
            r"'directions' must have shape \(3, 2\)\. Received: \(3, 1",
        ),
        ("variances", np.ones((2, 1)), r"'variances' must have shape \(2,\)\. Received: \(2, 1\)$"),
        ("rest", np.ones(2), r"'rest' must have shape \(1,\)\. Received: \(2,\)$"),
        ("scales", np.array([1, 0, 1]), "'scales' must be more than 0$"),
        ("variances", np.array([1, 0]), "'variances' must be more than 0$"),
        ("rest", np.zeros(1), "'rest' must be more than 0$"),
    ],
)
def test_each_array_of_a_file_must_be_there_and_fit_the_others(name, array, said):
    arrays = {**KEPT, name: array}
    with pytest.raises(DataError, match=f"^{said}"):
        OutlierScores.read({key: one for key, one in arrays.items() if one is not None})


def test_what_is_read_is_what_was_kept():
    scores = OutlierScores.read(KEPT)
    assert {name: array.tolist() for name, array in scores.arrays().items()} == {
        name: array.tolist() for name, array in KEPT.items()
    }
    assert {array.dtype.name for array in scores.arrays().values()} == {"float32"}
    assert all(array.flags.c_contiguous for array in scores.arrays().values())
    assert scores.means.dtype == np.float64
    assert scores.rest == 0.5


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("number", [9, 19, 20, 39, 40, 100])
def test_a_new_cell_is_refused_at_most_as_often_as_its_place_among_the_known_says(share, number):
    scores = np.random.default_rng(0).permutation(number)
    refusal = Refusal.fitted(scores, share=share)
    # Of n + 1 places, those above the threshold.
    most = int((number + 1) * share + 1e-9)
    if not most:
        assert refusal is None
        return
    assert refusal is not None
    assert (refusal.share, refusal.samples) == (share, number)
    assert refusal.threshold == number - most
    assert refusal.refuses(scores).sum() == most - 1
    assert refusal.refuses([refusal.threshold, refusal.threshold + 1e-6]).tolist() == [False, True]


def test_one_cell_in_twenty_is_refused_unless_another_share_is_asked_for():
    assert Refusal.fitted(np.arange(99)) == Refusal.fitted(np.arange(99), share=0.05)
    with_one_missing = np.append(np.arange(99.0), np.nan)
    assert Refusal.fitted(with_one_missing) is None


@pytest.mark.parametrize("asked", [1, 7])
def test_too_many_are_refused_where_an_exact_test_says_so(asked):
    told = [
        bool(refused_too_many(refused, 200, {"outlier_share": 0.05}, asked=asked))
        for refused in range(41)
    ]
    wanted = [
        stats.binomtest(refused, 200, 0.05, alternative="greater").pvalue < 0.01 / asked
        for refused in range(41)
    ]
    assert told == wanted
    assert 0 < sum(told) < 41


def test_what_is_said_of_too_many_holds_their_number_and_the_share():
    said = refused_too_many(1500, 2000, {"outlier_share": 0.025}, of=" of slide A")
    assert said == (
        "Unidentified: 1,500 of 2,000 cells of slide A are none of the classes, where 2.5 % of "
        "cells of these classes would be. Another kind of image?"
    )
    assert refused_too_many(1500, 2000, {"outlier": 3.0}) == ""
