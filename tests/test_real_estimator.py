"""The estimator among scikit-learn's tools on real cells, where `CELLCLF_REAL_DATA` names some."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

from cellclf import CellClassifier

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

CLASSES = ("eosinophil", "lymphocyte", "platelet")
PER_CLASS = 24
SIZE = 32
CHANCE = 1 / len(CLASSES)
FOLDS = StratifiedKFold(2, shuffle=True, random_state=0)

Cells = tuple[NDArray[np.uint8], NDArray[Any]]


@pytest.fixture(scope="module")
def cells() -> Cells:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "pbc").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds pbc/")
    images, labels = [], []
    for name in CLASSES:
        for path in sorted((Path(place) / "pbc" / name).iterdir())[:PER_CLASS]:
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            images.append(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
            labels.append(name)
    return np.stack(images), np.array(labels)


def small(**params: Any) -> CellClassifier:
    quick = {"training": {"batch_size": 8, "early_stopping": False}}
    values = {"image_size": SIZE, "epochs": 12, "params": {"width": 8}, "settings": quick}
    return CellClassifier("custom_cnn", **{**values, **params})


def test_folds_of_real_cells_are_told_apart(cells: Cells) -> None:
    scores = cross_val_score(small(), *cells, cv=FOLDS)
    assert len(scores) == FOLDS.get_n_splits()
    assert scores.min() > CHANCE
    assert scores.mean() > 2 * CHANCE


def test_two_parameters_are_searched_and_the_best_is_fitted(cells: Cells) -> None:
    grid = {"epochs": [1, 12], "params": [{"width": 8}, {"width": 16}]}
    search = GridSearchCV(small(), grid, cv=FOLDS).fit(*cells)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == len(search.cv_results_["params"]) == 4
    assert np.isfinite(scores).all()
    assert all(search.best_params_[name] in values for name, values in grid.items())
    assert search.best_score_ == scores.max() > CHANCE
    assert search.best_estimator_.get_params()["epochs"] == search.best_params_["epochs"]
    assert search.score(*cells) > CHANCE


def test_scikit_learn_calibrates_it_over_folds(cells: Cells) -> None:
    images, labels = cells
    found = CalibratedClassifierCV(small(), cv=FOLDS, ensemble=False).fit(images, labels)
    probabilities = found.predict_proba(images)
    assert probabilities.shape == (len(labels), len(CLASSES))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities.min() >= 0
    assert (found.classes_[probabilities.argmax(axis=1)] == found.predict(images)).all()
    assert found.score(images, labels) > CHANCE
