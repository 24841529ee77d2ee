"""What a loaded model says beside the class: known images, review, drift, the unidentified."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from cellclf.data.decode import decode, resize
from cellclf.data.reading import content_hash
from cellclf.data.samples import Sample
from cellclf.data.stain_focus import stain_and_focus
from cellclf.errors import LeakageWarning
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.evaluation.prediction_files import read_sidecar
from cellclf.evaluation.sources import fingerprint
from cellclf.inference.bundle import write_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load, load_bundles
from cellclf.network.build import build, weights_of
from cellclf.network.forward import Forward
from tests import loaded
from tests.loaded import CLASSES, REGISTRY, SIZE, SPEC, TinyParams, images, manifest

network, bundle, classifier, folder = (
    loaded.network,
    loaded.bundle,
    loaded.classifier,
    loaded.folder,
)


@pytest.fixture
def remembering(network: keras.Model, folder: Path, tmp_path: Path) -> Classifier:
    """A model that was trained on files 2 and 5 of the folder, and on row 1 of `images(9)`."""
    rows = [Sample(id=f"{n}", label="", path=str(folder / f"{n}.png")) for n in (2, 5)]
    content = [content_hash(sample, None) for sample in rows]
    content.append(content_hash(Sample(id="1", label="", index=1), images(9)))
    path = tmp_path / "remembering.safetensors"
    write_bundle(path, manifest(), weights_of(network), trained=fingerprint(content))
    return load(path, registry=REGISTRY)


def test_files_that_the_model_was_trained_on_are_known_under_whatever_name(
    remembering: Classifier, folder: Path
) -> None:
    (folder / "2.png").rename(folder / "2 again.png")
    classified = remembering.classify(folder)
    assert [Path(path).name for path in classified.trained] == ["2 again.png", "5.png"]
    with pytest.warns(LeakageWarning, match="2 of these images are ones that the model was"):
        remembering.predict([folder / "2 again.png", folder / "3.png", folder / "5.png"])


def test_rows_of_an_array_that_the_model_was_trained_on_are_known(remembering: Classifier) -> None:
    with pytest.warns(LeakageWarning, match="1 of these images .*, such as 1:"):
        remembering.predict(images(9))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        remembering.predict(images(9)[2:])


def test_a_model_that_does_not_say_what_it_was_trained_on_warns_of_nothing(
    classifier: Classifier, folder: Path
) -> None:
    assert classifier.classify(folder).trained == ()


def test_loading_a_model_of_a_leaky_run_says_so_and_what_it_classifies_too(
    network: keras.Model, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "leaky.safetensors"
    write_bundle(path, manifest(leaky=True), weights_of(network))
    with pytest.warns(LeakageWarning, match="leaky.safetensors: Leaky"):
        leaky = load(path, registry=REGISTRY)
    assert leaky.classify(folder / "3.png").leaky


def test_a_calibrated_model_gives_calibrated_answers_and_says_which_to_review(
    tmp_path: Path,
) -> None:
    network = build(SPEC, TinyParams(width=5), image_size=SIZE, num_classes=len(CLASSES))
    plain, calibrated = tmp_path / "plain.safetensors", tmp_path / "calibrated.safetensors"
    decision = Decision(
        calibration=Calibration(temperature=0.01, biases=np.array([0.0, 9.0, 0.0]), samples=60),
        review=Review(target=0.9, threshold=0.6, accepted=0.5, bound=0.92),
        sets=ConformalSets(coverage=0.9, thresholds=np.zeros(3), samples=np.full(3, 20)),
    )
    write_bundle(plain, manifest(), weights_of(network))
    write_bundle(calibrated, manifest(), weights_of(network), decision=decision)
    images = np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8)
    raw = load_bundles(plain, registry=REGISTRY).predict(images)
    found = load_bundles(calibrated, registry=REGISTRY)
    table = found.predict(images)
    assert raw["review"].isna().all()
    wanted = decision.decide(raw)
    pd.testing.assert_frame_equal(table, wanted)
    np.testing.assert_allclose(
        found.predict_proba(images), wanted[[f"p_{name}" for name in CLASSES]], rtol=1e-6
    )


def test_images_unlike_those_of_training_are_said_to_be_so(
    network: keras.Model, folder: Path, tmp_path: Path
) -> None:
    files = [folder / f"{number}.png" for number in range(9)]
    like = np.stack([resize(decode(file.read_bytes()), SIZE, "pad") for file in files])
    # The files again, and others as far around them as they lie apart.
    training = np.concatenate([like, *(np.clip(like * part, 0, 255) for part in (0.9, 1.1))])
    measures = stain_and_focus(training.astype(np.uint8))
    usual = UsualLook.of(measures, np.zeros(len(measures), int), classes=len(CLASSES))
    bundle = tmp_path / "looked.safetensors"
    write_bundle(bundle, manifest(), weights_of(network), usual=usual)
    classifier = load_bundles(bundle, registry=REGISTRY)

    found = classifier.classify(files)
    assert found.drift is not None
    assert found.drift.images == 9
    assert found.drift.departures == ()
    assert (
        "Drift: none found in stain, light and focus of 9 images; what they show" in found.summary()
    )

    for number, file in enumerate(files):
        dark = (decode(file.read_bytes()) * 0.2).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"dark{number}.png"), dark[..., ::-1])
    drifted = classifier.classify(sorted(tmp_path.glob("dark*.png")))
    assert drifted.drift is not None
    assert ("background_l", "lower") in [(e.measure, e.side) for e in drifted.drift.departures]
    assert "Drift: these images look unlike" in drifted.summary()
    assert "have a darker background than is usual in training" in drifted.summary()
    assert drifted.sidecar is not None
    assert drifted.sidecar.drift == drifted.drift
    drifted.write_csv(tmp_path / "dark.csv")
    assert read_sidecar(tmp_path / "dark").drift == drifted.drift


def test_a_bundle_that_does_not_say_what_is_usual_compares_nothing(
    classifier: Classifier, folder: Path
) -> None:
    found = classifier.classify(folder / "1.png")
    assert found.drift is None
    assert found.sidecar is not None
    assert found.sidecar.drift is None


def test_images_unlike_those_that_the_model_learned_from_are_unidentified(tmp_path: Path) -> None:
    network = build(SPEC, TinyParams(width=5), image_size=SIZE, num_classes=len(CLASSES))
    rng = np.random.default_rng(0)
    known = rng.integers(100, 156, (80, SIZE, SIZE, 3), dtype=np.uint8)
    features = Forward(network)(known).features
    outliers = OutlierScores.fitted(features, np.arange(80) % 3)
    assert outliers is not None
    decision = Decision(
        calibration=Calibration(temperature=1.0, biases=np.zeros(3), samples=60),
        review=Review(target=0.9, threshold=0.0, accepted=1.0, bound=0.92),
        sets=ConformalSets(coverage=0.9, thresholds=np.zeros(3), samples=np.full(3, 20)),
        refusal=Refusal.fitted(outliers.of(features)),
    )
    path = tmp_path / "gated.safetensors"
    write_bundle(path, manifest(), weights_of(network), decision=decision, outliers=outliers)
    black = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    table = load_bundles(path, registry=REGISTRY).predict(np.concatenate([known, black]))
    refused = table["predicted"] == "unidentified"
    assert refused[80:].all()
    assert refused[:80].sum() <= 4
    assert table["top_class"].isin(CLASSES).all()
    assert table.loc[refused, "review"].all()
    scores = outliers.rounded().of(features)
    np.testing.assert_allclose(table["outlier_score"][:80], scores, rtol=1e-4)
