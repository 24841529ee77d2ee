"""A trained model, loaded: what it says of files and of arrays."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Self

import cv2
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cellclf.data.decode import decode, resize
from cellclf.errors import DataError
from cellclf.inference.bundle import read_bundle
from cellclf.inference.classifier import Classifier
from tests import loaded
from tests.loaded import CLASSES, SIZE, images

network, bundle, classifier, folder = (
    loaded.network,
    loaded.bundle,
    loaded.classifier,
    loaded.folder,
)


def test_a_loaded_model_says_what_the_trained_one_said(
    network: keras.Model, classifier: Classifier
) -> None:
    batch = images(5, SIZE, SIZE)
    logits = np.asarray(network.predict_on_batch(batch))
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = classifier.predict_proba(batch)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert found.dtype == np.float32
    assert np.ptp(found, axis=0).min() > 0.01  # images differ, and so do their probabilities


def test_what_a_loaded_model_is_made_of_is_plain(classifier: Classifier, bundle: Path) -> None:
    assert isinstance(classifier.model, keras.Model)
    assert classifier.classes == CLASSES
    assert classifier.image_size == SIZE
    assert classifier.sha256 == read_bundle(bundle).sha256


def test_files_and_the_array_of_their_pixels_get_the_same_probabilities(
    classifier: Classifier, folder: Path
) -> None:
    files = [folder / f"{number}.png" for number in range(9)]
    of_files = classifier.predict(files)
    of_array = classifier.predict(images(9))
    names = [f"p_{name}" for name in CLASSES]
    pd.testing.assert_frame_equal(of_files[names], of_array[names])
    assert of_files["path"].tolist() == of_files["sample_id"].tolist() == [str(f) for f in files]
    assert of_array["sample_id"].tolist() == [str(row) for row in range(9)]
    assert set(of_array["path"]) == {""}


def test_prediction_sees_the_pixels_of_training(classifier: Classifier, folder: Path) -> None:
    pixels = resize(decode((folder / "3.png").read_bytes()), SIZE, "pad")
    found = classifier.predict(folder / "3.png")
    wanted = classifier.predict_proba(pixels)
    assert found[[f"p_{name}" for name in CLASSES]].to_numpy() == pytest.approx(wanted, abs=1e-7)


def test_unreadable_files_are_listed_and_do_not_stop_the_rest(
    classifier: Classifier, folder: Path
) -> None:
    classified = classifier.classify(folder)
    assert [path.rpartition("/")[2] for path in classified.table["path"]] == [
        f"{number}.png" for number in range(9)
    ]
    reasons = {path.rpartition("/")[2]: reason for path, reason in classified.unreadable.items()}
    assert list(reasons) == ["1b cut.png", "5b empty.jpg", "9 text.png"]
    assert reasons["5b empty.jpg"] == "the file is empty"
    assert classified.synthetic


def test_predict_warns_of_unreadable_files_and_of_nothing_else(
    classifier: Classifier, folder: Path
) -> None:
    with pytest.warns(UserWarning, match="3 files could not be read"):
        assert len(classifier.predict([folder])) == 9
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        classifier.predict(folder / "3.png")


def test_only_unreadable_files_give_an_empty_table(classifier: Classifier, folder: Path) -> None:
    classified = classifier.classify(folder / "9 text.png")
    assert len(classified.table) == 0
    assert len(classified.unreadable) == 1
    assert classified.counts == dict.fromkeys(CLASSES, 0)


def test_a_prediction_does_not_depend_on_how_many_are_asked_for_at_once(
    classifier: Classifier, folder: Path
) -> None:
    many = images(200)  # more than one step of the network, the last one not full
    together = classifier.predict_proba(many)
    assert together.shape == (200, 3)
    alone = np.concatenate([classifier.predict_proba(many[row]) for row in (0, 64, 199)])
    np.testing.assert_allclose(together[[0, 64, 199]], alone, atol=1e-6)


def test_more_files_than_a_chunk_keep_their_order(classifier: Classifier, tmp_path: Path) -> None:
    wanted = []
    for number, image in enumerate(images(150, SIZE, SIZE)):
        path = tmp_path / f"{number:03}.png"
        if number % 7 == 3:
            path.touch()
        else:
            cv2.imwrite(str(path), image[..., ::-1])
            wanted.append(image)
    classified = classifier.classify(tmp_path)
    np.testing.assert_allclose(
        classified.table[[f"p_{name}" for name in CLASSES]].to_numpy(),
        classifier.predict_proba(np.stack(wanted)),
        atol=1e-6,
    )
    assert len(classified.unreadable) == 21
    assert classified.table["path"].is_monotonic_increasing


def test_progress_is_told_of_every_file(classifier: Classifier, folder: Path) -> None:
    class Counting:
        total = done = 0

        def say(self, message: str) -> None: ...

        def warn(self, message: str) -> None: ...

        def task(self, description: str, total: int) -> Self:
            self.total = total
            return self

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def advance(self, steps: int = 1, *, note: str = "") -> None:
            self.done += steps

    listener = Counting()
    classifier.classify(folder, progress=listener)
    assert listener.done == listener.total == 12


def test_no_images_give_no_rows(classifier: Classifier) -> None:
    assert classifier.predict_proba(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 3)
    assert len(classifier.predict(np.zeros((0, 8, 8, 3), np.uint8))) == 0


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 8, 8, 3)), "uint8"),
        (np.zeros((8, 8), np.uint8), "shape"),
        (np.zeros((2, 8, 8, 4), np.uint8), "shape"),
        (np.zeros((2, 0, 8, 3), np.uint8), "shape"),
    ],
)
def test_arrays_that_are_no_images_are_refused(
    classifier: Classifier, array: NDArray[Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        classifier.predict(array)
