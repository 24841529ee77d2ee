"""Differences between what Keras gives and what something else gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.engines.proof import Answers, Proof, agreed, differing, made_images
from cellclf.errors import EngineError

IMAGES = made_images(8, 5)


def reference(images: NDArray[np.uint8]) -> Answers:
    red = images[..., 0].mean(axis=(1, 2)).astype(np.float32) / 255
    return {
        "probabilities": np.stack([red, 1 - red], axis=1),
        "outlier_score": 4 * red,
        "features": 100 * np.stack([red, red], axis=1),
    }


def changed(name: str, by: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Answers:
    given = dict(reference(IMAGES))
    given[name] = by(given[name].copy())
    return given


def test_what_gives_the_same_differs_by_nothing() -> None:
    proof = agreed("same", reference, reference, IMAGES)
    assert proof.differences == {"probabilities": 0, "features": 0, "outlier_score": 0}
    assert proof.images == 5
    assert proof.holds


def test_probabilities_differ_as_they_are() -> None:
    given = changed("probabilities", lambda array: array + np.float32(1e-3))
    proof = differing("more", reference(IMAGES), given)
    assert proof.probabilities == pytest.approx(1e-3, rel=1e-3)
    assert not proof.holds


def test_features_differ_as_a_share_of_the_largest() -> None:
    expected = reference(IMAGES)
    given = changed("features", lambda array: array + 0.5)
    proof = differing("more", expected, given)
    assert proof.features == pytest.approx(0.5 / expected["features"].max(), rel=1e-4)


def test_outlier_scores_differ_as_a_share_of_themselves_and_small_ones_of_one() -> None:
    expected: Answers = {
        "probabilities": np.ones((2, 1), np.float32),
        "outlier_score": np.array([0.1, 50.0], np.float32),
    }
    for scores, wanted in (((0.2, 50.0), 0.1), ((0.1, 60.0), 0.2)):
        given = {**expected, "outlier_score": np.array(scores, np.float32)}
        assert differing("x", expected, given).outlier_score == pytest.approx(wanted, rel=1e-4)


def test_one_image_by_itself_is_differing_too() -> None:
    def wrong_alone(images: NDArray[np.uint8]) -> Answers:
        given = dict(reference(images))
        if len(images) == 1:
            given["probabilities"] = given["probabilities"] + np.float32(0.01)
        return given

    with pytest.raises(EngineError, match="'alone' must give what Keras gives"):
        agreed("alone", wrong_alone, reference, IMAGES)


def test_what_is_missing_or_no_number_or_of_another_shape_is_refused() -> None:
    expected = reference(IMAGES)
    without = {name: array for name, array in expected.items() if name != "outlier_score"}
    with pytest.raises(EngineError, match=r"finite outlier_score .*names probabilities, features"):
        differing("less", expected, without)
    for by in (lambda array: array * np.nan, lambda array: array[:-1]):
        with pytest.raises(EngineError, match="must give finite probabilities"):
            differing("odd", expected, changed("probabilities", by))


def test_what_cannot_compute_is_refused_in_one_line() -> None:
    def fails(images: NDArray[np.uint8]) -> Answers:
        raise RuntimeError("no such operation\nand pages of it")

    with pytest.raises(EngineError, match=r"^'x' cannot compute: RuntimeError: no such operation$"):
        agreed("x", fails, reference, IMAGES)


def test_two_proofs_together_hold_of_all_images_the_worst() -> None:
    first = Proof(engine="x", images=3, probabilities=1e-6, outlier_score=1e-5)
    second = Proof(engine="x", images=4, probabilities=1e-7, outlier_score=1e-4)
    together = first.joined(second)
    assert together == Proof(engine="x", images=7, probabilities=1e-6, outlier_score=1e-4)
    assert str(together) == (
        "probabilities that differ by up to 1.0e-06 (at most 0.0001); "
        "outlier scores that differ by up to 1.0e-04 of it (at most 0.001)"
    )
