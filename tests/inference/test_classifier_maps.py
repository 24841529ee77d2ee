"""Where a loaded model looks: a map over each image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cellclf.data.decode import resize
from cellclf.errors import DataError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from tests import loaded
from tests.loaded import CLASSES, REGISTRY, SIZE, images

network, bundle, classifier = loaded.network, loaded.bundle, loaded.classifier


@pytest.mark.parametrize("method", ["grad_cam", "occlusion"])
def test_maps_have_the_shape_of_the_images_and_are_of_the_predicted_class(
    classifier: Classifier, method: Any
) -> None:
    given = images(70)
    maps = classifier.explain(given, method=method)
    assert maps.shape == (70, 20, 30)
    assert maps.dtype == np.float32
    assert 0 <= maps.min() < maps.max() <= 1
    predicted = classifier.predict(given)["top_class"].tolist()
    of_predicted = classifier.explain(given, method=method, classes=predicted)
    np.testing.assert_array_equal(maps, of_predicted)


def test_each_image_may_have_a_class_of_its_own(classifier: Classifier) -> None:
    given, names = images(70), [CLASSES[number % 3] for number in range(70)]
    maps = classifier.explain(given, classes=names)
    for row in (0, 64, 69):
        alone = classifier.explain(given[row], classes=names[row])
        np.testing.assert_allclose(alone[0], maps[row], atol=1e-4)
    assert not np.array_equal(maps, classifier.explain(given, classes=CLASSES[0]))


@pytest.mark.parametrize("method", ["grad_cam", "occlusion"])
def test_a_map_lies_over_the_image_as_it_was_given(classifier: Classifier, method: Any) -> None:
    square = resize(images(1)[0], SIZE, "pad")
    of_square = classifier.explain(square, method=method, classes=CLASSES[0])[0]
    wide = classifier.explain(images(1), method=method, classes=CLASSES[0])[0]
    # 20 x 30 pixels become 11 x 16 of the square, from its third row on.
    inside = of_square[2:13]
    np.testing.assert_allclose(wide, cv2.resize(inside, (30, 20)), atol=1e-6)


def test_a_map_is_of_the_class_that_calibration_puts_first(bundle: Path) -> None:
    classifier = load(bundle, registry=REGISTRY)
    given = images(4)
    least = int(classifier.predict_proba(given).sum(axis=0).argmin())
    classifier.decision = Decision(
        calibration=Calibration(temperature=1.0, biases=50.0 * np.eye(3)[least], samples=60),
        review=Review(target=0.9, threshold=0.6, accepted=0.5, bound=0.92),
        sets=ConformalSets(coverage=0.9, thresholds=np.zeros(3), samples=np.full(3, 20)),
    )
    np.testing.assert_array_equal(
        classifier.explain(given, method="occlusion"),
        classifier.explain(given, method="occlusion", classes=CLASSES[least]),
    )


def test_what_cannot_be_explained_is_refused(classifier: Classifier) -> None:
    with pytest.raises(DataError, match=r"must be 'grad_cam' or 'occlusion'. Received: .*'cam'"):
        classifier.explain(images(1), method="cam")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="Did you mean 'round'"):
        classifier.explain(images(2), classes=["round", "rund"])
    with pytest.raises(DataError, match=r"one for each of the 2 images. Received: 1"):
        classifier.explain(images(2), classes=["round"])
    with pytest.raises(DataError, match="uint8"):
        classifier.explain(images(2) / 255)  # type: ignore[arg-type]
    for given, kind in (("x.jpg", "str"), (["x.jpg"], "list"), ([*images(2)], "list")):
        with pytest.raises(DataError, match=rf"must be one array; .*Received: {kind}$"):
            classifier.explain(given)  # type: ignore[arg-type]


def test_no_images_have_no_maps(classifier: Classifier) -> None:
    assert classifier.explain(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 8, 8)
