"""Views and ensembles of trained models: what they answer, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.data.decode import DECODE_VERSION
from cellclf.errors import BundleError, DataError, EngineError, LeakageWarning, RunError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.evaluation.prediction_files import read_sidecar
from cellclf.inference.bundle import BundleManifest, read_bundle, write_bundle
from cellclf.inference.caveats import averaged
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from cellclf.inference.predict import predict
from cellclf.network.build import build, weights_of
from cellclf.progress import Silent, Task
from cellclf.registry import Plugin, Registry
from tests.conftest import Command
from tests.tiny import TINY, TinyParams

CLASSES = ("round", "long")
SIZE = 16
PLUGIN = Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(TINY,))
REGISTRY = Registry([PLUGIN])
FEATURES = 4


def network(seed: int, classes: int, size: int) -> keras.Model:
    model = build(TINY, TinyParams(), image_size=size, num_classes=classes)
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        values = rng.normal(0, 0.5, variable.shape)
        variable.assign(abs(values) + 0.1 if "variance" in variable.path else values)
    return model


def decision(temperature: float, classes: int) -> Decision:
    return Decision(
        calibration=Calibration(
            temperature=temperature, biases=np.linspace(-0.3, 0.3, classes), samples=100
        ),
        review=Review(target=0.98, threshold=0.6, accepted=0.5, bound=0.98),
        sets=ConformalSets(
            coverage=0.95, thresholds=np.full(classes, 0.1), samples=np.full(classes, 50)
        ),
        refusal=Refusal(share=0.05, threshold=0.2, samples=100),
    ).rounded()


def made(
    path: Path,
    *,
    seed: int = 0,
    temperature: float | None = 2.0,
    trained: tuple[int, ...] = (),
    classes: tuple[str, ...] = CLASSES,
    size: int = SIZE,
    **changes: Any,
) -> Path:
    """A bundle of random numbers."""
    values = {
        "architecture": "tiny_net",
        "distribution": "cellclf-tiny",
        "distribution_version": "1.0",
        "params": TinyParams().model_dump(),
        "classes": classes,
        "image_size": size,
        "resize": "stretch",
        "decode_version": DECODE_VERSION,
        "confusion": ((9, 1, 0), (0, 9, 1)),
    }
    rng = np.random.default_rng(0)
    write_bundle(
        path,
        BundleManifest(**{**values, **changes}),
        weights_of(network(seed, len(classes), size)),
        decision=None if temperature is None else decision(temperature, len(classes)),
        outliers=OutlierScores.fitted(rng.normal(size=(100, FEATURES)), np.arange(100) % 2),
        trained=np.array(trained, np.uint64),
    )
    return path


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("models") / "first.safetensors", trained=(1, 5))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return made(folder / "second.safetensors", seed=1, temperature=0.7, trained=(2, 5))


def images(number: int = 5) -> NDArray[np.uint8]:
    rng = np.random.default_rng(2)
    return rng.integers(0, 256, (number, SIZE, SIZE, 3), dtype=np.uint8)


def loaded(*paths: Path, **how: Any) -> Classifier:
    return load(paths, registry=REGISTRY, **how)


def test_an_image_that_was_turned_gets_the_same_answer_and_outlier_score(first: Path) -> None:
    classifier = loaded(first, views="dihedral")
    given = images()
    turned = np.ascontiguousarray(np.rot90(given, axes=(1, 2)))
    wanted, found = classifier.predict(given), classifier.predict(turned)
    for name in ("p_round", "p_long", "outlier_score"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5)
    plain = loaded(first)
    assert abs(plain.predict_proba(given) - plain.predict_proba(turned)).max() > 1e-4


def test_the_outlier_score_is_the_mean_over_views(first: Path) -> None:
    plain = loaded(first)
    views = [images(), images()[:, ::-1], images()[:, :, ::-1], images()[:, ::-1, ::-1]]
    each = [plain.predict(np.ascontiguousarray(view))["outlier_score"] for view in views]
    found = loaded(first, views="flips").predict(images())["outlier_score"]
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-5)


def test_calibration_is_applied_to_the_mean_over_views(first: Path) -> None:
    viewed = loaded(first, views="flips")
    assert viewed.decision is not None
    raw = viewed.engine(images()).probabilities
    wanted = viewed.decision.calibration.apply(raw)
    np.testing.assert_allclose(viewed.predict_proba(images()), wanted, rtol=1e-6)


@pytest.mark.parametrize("views", ["none", "flips"])
def test_a_model_that_is_named_twice_says_what_it_says_alone(first: Path, views: Any) -> None:
    alone, twice = loaded(first, views=views), loaded(first, first, views=views)
    wanted, found = alone.predict(images()), twice.predict(images())
    for name in ("p_round", "p_long", "outlier_score"):
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-6)
    assert found["predicted"].tolist() == wanted["predicted"].tolist()
    assert found["review"].tolist() == wanted["review"].tolist()


def test_calibrated_probabilities_are_averaged_and_the_first_decides(
    first: Path, second: Path
) -> None:
    one, other, both = loaded(first), loaded(second), loaded(first, second)
    mean = (one.predict_proba(images()) + other.predict_proba(images())) / 2
    np.testing.assert_allclose(both.predict_proba(images()), mean, atol=1e-6)
    scores = one.predict(images())["outlier_score"]
    np.testing.assert_array_equal(both.predict(images())["outlier_score"], scores)
    assert both.decision is not None
    assert one.decision is not None
    assert both.decision.review == one.decision.review
    assert both.trained.tolist() == [1, 2, 5]
    assert both.sha256 not in (one.sha256, other.sha256)


def test_models_that_are_not_calibrated_answer_together_as_they_are(tmp_path: Path) -> None:
    paths = [made(tmp_path / f"{seed}.safetensors", seed=seed, temperature=None) for seed in (0, 1)]
    mean = np.mean([loaded(path).predict_proba(images()) for path in paths], axis=0)
    found = loaded(*paths)
    np.testing.assert_allclose(found.predict_proba(images()), mean, atol=1e-6)
    assert found.decision is None
    said = averaged(loaded(*paths, views="flips").sidecar())
    assert said[:2] == (
        "Views: each image was looked at from 4 sides, and what was seen averaged.",
        "Ensemble: the probabilities of 0, 1 were averaged.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ("round", "flat")}, "only the first knows long and only the other knows flat"),
        ({"classes": ("round", "long", "flat")}, "only the other knows flat$"),
        ({"classes": ("long", "round")}, "different orders, round, long and long, round"),
        ({"size": 24}, "16 pixels along each side, the other images of 24 pixels"),
        ({"resize": "pad"}, "'stretch', the other images made square by 'pad'"),
        ({"temperature": None}, "only the first is calibrated"),
    ],
)
def test_models_that_cannot_answer_together_are_refused(
    first: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    if len(changes.get("classes", CLASSES)) > len(CLASSES):
        changes = {**changes, "confusion": None}
    other = made(tmp_path / "other.safetensors", **changes)
    with pytest.raises(BundleError, match=rf"first.*other.* cannot answer together: .*{said}"):
        loaded(first, other)


def test_no_model_and_no_such_views_are_refused(first: Path) -> None:
    with pytest.raises(BundleError, match="there must be a model to load"):
        loaded()
    with pytest.raises(DataError, match="`views` must be one of none, flips, dihedral"):
        loaded(first, views="all")


def test_a_leak_in_the_run_of_any_model_is_said(first: Path, tmp_path: Path) -> None:
    leaky = made(tmp_path / "leaky.safetensors", leaky=True, synthetic=True)
    with pytest.warns(LeakageWarning, match="Leaky"):
        found = loaded(first, leaky)
    assert found.manifest.synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    for number, image in enumerate(images()):
        cv2.imwrite(str(tmp_path / "new" / f"{number}.png"), image)
    return tmp_path / "new"


def test_what_was_averaged_stands_in_the_sidecar_and_in_the_summary(
    first: Path, second: Path, folder: Path
) -> None:
    classified = loaded(first, second, views="dihedral").classify(folder)
    sidecar = classified.sidecar
    assert sidecar is not None
    assert sidecar.model == "first + second"
    assert sidecar.bundle_sha256 is None
    assert [(one.model, one.bundle_sha256) for one in sidecar.members] == [
        ("first", read_bundle(first).sha256),
        ("second", read_bundle(second).sha256),
    ]
    assert sidecar.views == "dihedral"
    assert sidecar.confusion_counts is None
    summary = classified.summary()
    assert "Views: each image was looked at from 8 sides" in summary
    assert "Ensemble: the probabilities of first, second were averaged" in summary
    assert "thresholds of the first, first." in summary
    assert "counts are not corrected" in summary


def test_of_one_look_of_one_model_nothing_more_is_said(first: Path, folder: Path) -> None:
    classified = loaded(first).classify(folder)
    assert classified.sidecar is not None
    assert classified.sidecar.bundle_sha256 == read_bundle(first).sha256
    assert classified.sidecar.confusion_counts is not None
    assert "Views" not in classified.summary()
    assert "Ensemble" not in classified.summary()


def test_the_command_line_averages_views_and_models(
    first: Path,
    second: Path,
    folder: Path,
    tmp_path: Path,
    cellclf_command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cellclf.inference.loading.installed", lambda: REGISTRY)
    options = ("--engine", "keras", "--out", "new.csv", "--views", "flips", "--ensemble", second)
    done = cellclf_command("predict", first, folder, *options)
    assert "Views: each image was looked at from 4 sides" in done.stdout
    written = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert [one["model"] for one in written["members"]] == ["first", "second"]
    counted = cellclf_command("differential", "new.csv")
    assert "Ensemble: the probabilities of first, second were averaged" in counted.stdout
    refused = cellclf_command("predict", first, folder, "--views", "all", check=False)
    assert refused.returncode != 0
    assert "'all' is not one of 'none', 'flips', 'dihedral'" in refused.stderr


def test_what_was_stopped_goes_on_with_the_same_views_and_models_alone(
    first: Path, second: Path, folder: Path, tmp_path: Path
) -> None:
    hashes = {
        loaded(*paths, views=views).sha256
        for paths in ((first,), (first, second), (second, first))
        for views in ("none", "flips", "dihedral")
    }
    assert len(hashes) == 9
    out = tmp_path / "new.csv"

    class Stopping(Silent):
        def task(self, description: str, total: int) -> Task:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(loaded(first, views="flips"), folder, out=out, progress=Stopping())
    with pytest.raises(RunError, match="can only go on with the models and views"):
        predict(loaded(first), folder, out=out, resume=True)
    totals = predict(loaded(first, views="flips"), folder, out=out, resume=True)
    assert "from 4 sides" in totals.summary()
    assert read_sidecar(tmp_path / "new").bundle_sha256 == read_bundle(first).sha256
    assert read_sidecar(tmp_path / "new").views == "flips"


def test_each_of_several_models_may_have_an_engine_of_its_own(first: Path, second: Path) -> None:
    found = loaded(first, second, engine="keras + keras")
    assert found.engine.name == "keras"
    with pytest.raises(EngineError, match="one for each of the 2"):
        loaded(first, second, engine="a + b + c")
