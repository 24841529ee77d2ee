"""A trained model, loaded: a tiny one, whose build function stands in this module."""

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

from cellclf.data.decode import DECODE_VERSION, decode, resize
from cellclf.data.reading import content_hash
from cellclf.data.samples import Sample
from cellclf.data.stain_focus import stain_and_focus
from cellclf.errors import BundleError, DataError, LeakageWarning
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.evaluation.prediction_files import read_sidecar
from cellclf.evaluation.sources import fingerprint
from cellclf.inference.bundle import BundleManifest, read_bundle, write_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load, load_bundles
from cellclf.network.build import build, weights_of
from cellclf.network.forward import Forward
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params

CLASSES = ("round", "band, segmented", "白血球")
SIZE = 16


class TinyParams(Params):
    width: int = 4
    kernel: tuple[int, int] = (3, 3)


def tiny(params: TinyParams, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    image = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(params.width, params.kernel, name="conv")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    return keras.Model(image, keras.layers.Dense(num_classes, name="logits")(x), name="tiny")


SPEC = ModelSpec(
    name="tiny",
    summary="For tests",
    build=f"{__name__}:tiny",
    params=TinyParams,
    pixel_range=(0, 1),
    explain_layer="conv",
    min_image_size=8,
)


def registry_of(*specs: ModelSpec, version: str = "1.0") -> Registry:
    plugin = Plugin(name="tiny", distribution="cellclf-tiny", version=version, specs=specs)
    return Registry([plugin])


REGISTRY = registry_of(SPEC)


def manifest(**changes: object) -> BundleManifest:
    values: dict[str, Any] = {
        "architecture": "tiny",
        "distribution": "cellclf-tiny",
        "distribution_version": "1.0",
        "params": TinyParams(width=5).model_dump(mode="json"),
        "classes": CLASSES,
        "image_size": SIZE,
        "resize": "pad",
        "decode_version": DECODE_VERSION,
        "synthetic": True,
    }
    return BundleManifest(**{**values, **changes})


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = build(SPEC, TinyParams(width=5), image_size=SIZE, num_classes=len(CLASSES))
    rng = np.random.default_rng(0)
    for variable in model.weights:  # far from what a fresh network has, so that nothing is by luck
        values = rng.normal(0, 0.5, variable.shape)
        variable.assign(abs(values) + 0.1 if "variance" in variable.path else values)
    return model


@pytest.fixture(scope="module")
def bundle(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    write_bundle(path, manifest(), weights_of(network))
    return path


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return load(bundle, registry=REGISTRY)


def images(number: int, height: int = 20, width: int = 30, seed: int = 1) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    colours, blobs = rng.integers(0, 200, (number, 1, 1, 3)), rng.integers(0, 56, (number, 4, 6, 3))
    coarse = (colours + blobs).astype(np.uint8)
    return np.stack([cv2.resize(image, (width, height)) for image in coarse])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine files that can be read, and three that cannot, in between."""
    for number, image in enumerate(images(9)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image[..., ::-1])
    whole = (tmp_path / "0.png").read_bytes()
    (tmp_path / "1b cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "5b empty.jpg").touch()
    (tmp_path / "9 text.png").write_text("not an image", encoding="utf-8")
    return tmp_path


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


def test_a_run_directory_is_loaded_by_its_best_model(network: keras.Model, tmp_path: Path) -> None:
    write_bundle(tmp_path / "models" / "first.safetensors", manifest(), weights_of(network))
    (tmp_path / "record.json").write_text('{"status": "complete"}', encoding="utf-8")
    (tmp_path / "metrics.json").write_text('{"best": "first"}', encoding="utf-8")
    assert load(str(tmp_path), registry=REGISTRY).classes == CLASSES


def test_a_bundle_whose_plugin_is_missing_says_what_to_install(bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"'tiny'.*'cellclf-tiny': pip install cellclf-tiny"):
        load_bundles(bundle, registry=Registry([]))


def test_an_architecture_of_the_same_name_from_elsewhere_is_not_taken(bundle: Path) -> None:
    elsewhere = Plugin(name="x", distribution="other", version="1", specs=(SPEC,))
    with pytest.raises(BundleError, match="pip install cellclf-tiny"):
        load_bundles(bundle, registry=Registry([elsewhere]))


def test_an_architecture_of_a_notebook_has_to_be_registered(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, manifest(distribution="(this session)"), weights_of(network))
    with pytest.raises(BundleError, match=r"cellclf\.register"):
        load(path, registry=Registry([]))
    registry = Registry([])
    registry.add(SPEC)
    assert load(path, registry=registry).classes == CLASSES


def test_another_decoder_is_refused(network: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, manifest(decode_version=DECODE_VERSION + 1), weights_of(network))
    with pytest.raises(BundleError, match="decoder"):
        load(path, registry=REGISTRY)


@pytest.mark.parametrize(
    "changes",
    [
        {"params": {"width": 6}},
        {"params": {"depth": 6}},
        {"classes": ("a", "b")},
    ],
    ids=str,
)
def test_a_network_that_has_changed_is_refused_with_both_versions(
    network: keras.Model, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, manifest(**changes), weights_of(network))
    with pytest.raises(BundleError, match=r"cellclf-tiny 2\.0; it was made with 1\.0"):
        load(path, registry=registry_of(SPEC, version="2.0"))


def test_a_network_that_would_fill_the_memory_is_refused_before_it_is_made(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, manifest(params={"width": 10**12}), weights_of(network))
    with pytest.raises(BundleError, match=r"b\.safetensors .*'conv/kernel'.* must have shape"):
        load(path, registry=REGISTRY)


def test_what_the_network_cannot_be_built_for_is_said_of_the_bundle(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, manifest(image_size=4), weights_of(network))
    with pytest.raises(BundleError, match=r"b\.safetensors .*image_size: must be at least 8"):
        load(path, registry=REGISTRY)
    unknown = {f"a\n{number}" + "x" * 10_000: number for number in range(99)}
    write_bundle(path, manifest(params=unknown), weights_of(network))
    with pytest.raises(BundleError, match=r"b\.safetensors .*params\.a\?0") as refused:
        load(path, registry=REGISTRY)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 2000


def test_whole_numbers_are_no_weights_of_a_network_that_has_none(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "b.safetensors"
    weights = weights_of(network)
    weights["conv/kernel"] = weights["conv/kernel"].astype(np.int32)
    write_bundle(path, manifest(), weights)
    with pytest.raises(BundleError, match=r"'conv/kernel'.* must hold floating-point numbers"):
        load(path, registry=REGISTRY)


def test_outlier_scores_of_another_network_are_refused(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "b.safetensors"
    features = np.random.default_rng(0).normal(size=(90, 6))
    outliers = OutlierScores.fitted(features, np.arange(90) % 3)
    write_bundle(path, manifest(), weights_of(network), outliers=outliers)
    with pytest.raises(BundleError, match=r"must be of 5 features\. Received: 6"):
        load(path, registry=REGISTRY)


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
    assert "Drift: none found; in stain, light and focus, 9 images look like" in found.summary()

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
