"""A classifier of cells among scikit-learn's tools."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

import cellclf
from cellclf import CellClassifier, DataError, ExperimentError
from cellclf.registry import installed
from tests.tiny import TINY

SIZE = 16
QUICK = {"augmentation": {"steps": []}, "training": {"batch_size": 16, "early_stopping": False}}


@pytest.fixture(autouse=True, scope="module")
def _tiny_net() -> Iterator[None]:
    installed.cache_clear()
    cellclf.register(TINY)
    yield
    installed.cache_clear()


def cells(number: int = 80, seed: int = 0) -> tuple[Any, Any]:
    """Dark and bright noise, and what each is called."""
    rng = np.random.default_rng(seed)
    bright = rng.random(number) < 0.5
    images = rng.integers(0, 100, (number, SIZE, SIZE, 3), dtype=np.uint8)
    images[bright] += 150
    return images, np.where(bright, "bright", "dark")


def quick(**params: Any) -> CellClassifier:
    return CellClassifier(
        "tiny_net", image_size=SIZE, epochs=params.pop("epochs", 6), settings=QUICK, **params
    )


@pytest.fixture(scope="module")
def fitted() -> CellClassifier:
    return quick().fit(*cells())


def test_it_learns_and_answers_in_the_labels_it_was_given(fitted: CellClassifier) -> None:
    images, labels = cells(40, seed=1)
    assert fitted.classes_.tolist() == ["bright", "dark"]
    assert fitted.score(images, labels) == 1.0
    probabilities = fitted.predict_proba(images)
    assert probabilities.shape == (40, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    answers = fitted.classes_[probabilities.argmax(axis=1)]
    assert (fitted.predict(images) == answers).all()
    assert fitted.classifier_.classes == ("bright", "dark")


def test_numbers_stay_numbers_in_their_order() -> None:
    images, labels = cells()
    numbers = np.where(labels == "dark", 9, 10)
    found = quick().fit(images, numbers)
    assert found.classes_.tolist() == [9, 10]
    assert (found.predict(images) == numbers).mean() > 0.9


def test_a_pickle_answers_alike(fitted: CellClassifier, tmp_path: Path) -> None:
    images, _ = cells(10, seed=2)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    for again in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "fitted.joblib")):
        np.testing.assert_array_equal(again.predict_proba(images), fitted.predict_proba(images))


def test_parameters_of_a_step_are_set_through_a_pipeline() -> None:
    steps = make_pipeline(FunctionTransformer(), quick())
    steps.set_params(cellclassifier__epochs=3, cellclassifier__params={"filters": 2})
    found = clone(steps).named_steps["cellclassifier"]
    assert (found.epochs, found.params) == (3, {"filters": 2})
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        steps.set_params(cellclassifier__depth=3)


def test_the_same_seed_gives_the_same_numbers(fitted: CellClassifier) -> None:
    images, _ = cells(10, seed=2)
    again = quick().fit(*cells())
    np.testing.assert_array_equal(again.predict_proba(images), fitted.predict_proba(images))


def test_it_is_validated_across_folds_in_a_pipeline() -> None:
    images, labels = cells()
    turned = make_pipeline(FunctionTransformer(np.rot90, kw_args={"axes": (1, 2)}), quick())
    scores = cross_val_score(turned, images, labels, cv=2)
    assert scores.min() > 0.8


def test_groups_stay_whole_inside_and_outside() -> None:
    images, labels = cells()
    groups = np.arange(len(labels)) // 2
    found = quick().fit(images, labels, groups=groups)
    assert found.score(images, labels) > 0.9
    scores = cross_val_score(quick(), images, labels, groups=groups, cv=GroupKFold(2))
    assert scores.min() > 0.8


def test_parameters_are_searched() -> None:
    grid = {"epochs": [1, 6], "params": [{"filters": 2}, {"filters": 4}]}
    search = GridSearchCV(quick(), grid, cv=2, refit=False).fit(*cells(60))
    assert len(search.cv_results_["params"]) == 4
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_scikit_learn_may_calibrate_it() -> None:
    images, labels = cells(seed=3)
    found = CalibratedClassifierCV(quick(), cv=2).fit(images, labels)
    assert (found.predict(images) == labels).mean() > 0.9


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimators_unfitted,
        estimator_checks.check_mixin_order,
    ],
)
def test_it_keeps_scikit_learns_rules_that_are_not_of_tables(check: Any) -> None:
    check("CellClassifier", quick())


def test_a_clone_is_not_fitted(fitted: CellClassifier) -> None:
    with pytest.raises(NotFittedError):
        clone(fitted).predict(cells(4)[0])


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["a"] * 79, r"shape \(80,\)"),
        (["a"] * 80, "two classes or more"),
        ([0.5] * 80, "texts or whole numbers"),
        ([np.nan] * 80, "texts or whole numbers"),
        (np.array(["a", None] * 40, object), "must be all texts or all whole numbers"),
        (np.zeros((80, 2), int), r"Received: int64 of shape \(80, 2\)"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(y: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        quick().fit(cells()[0], y)
    assert isinstance(refused.value, ValueError)  # as scikit-learn's tools expect


def test_groups_are_one_for_each_image() -> None:
    images, labels = cells()
    with pytest.raises(ValueError, match=r"one group for each image, shape \(80,\)"):
        quick().fit(images, labels, groups=np.arange(79))


def test_where_it_cannot_be_fitted_again_it_stays_as_it_was(fitted: CellClassifier) -> None:
    images, _ = cells(40, seed=1)
    before = fitted.predict_proba(images)
    with pytest.raises(DataError, match="no class may be called 'unidentified'"):
        fitted.fit(images, ["unidentified", "other"] * 20)
    np.testing.assert_array_equal(fitted.predict_proba(images), before)


def test_labels_may_come_as_pandas_gives_them() -> None:
    images, labels = cells()
    table = pd.DataFrame({"cell": np.where(labels == "dark", 0.0, 1.0)})
    with pytest.warns(DataConversionWarning, match="column-vector"):
        found = quick(epochs=1).fit(images, table)
    assert found.classes_.tolist() == [0.0, 1.0]
    assert set(found.predict(images)) <= {0.0, 1.0}


def test_a_wrong_parameter_is_said_by_name() -> None:
    with pytest.raises(ExperimentError, match="epochs"):
        quick(epochs=0).fit(*cells())
    with pytest.raises(DataError, match="uint8"):
        quick().fit(cells()[0] / 255, cells()[1])
