"""Exports of a tiny network: what they compute, what they say, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from numpy.typing import NDArray

import cellclf
from cellclf.builtin.engine_specs import ENGINES
from cellclf.data.decode import DECODE_VERSION
from cellclf.engines.conversion import opened
from cellclf.engines.formats import format_names, format_offer
from cellclf.engines.proof import made_images
from cellclf.errors import BundleError, CellclfError, DataError, EngineError, PluginError, RunError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.export import export
from cellclf.inference.export_place import ExportPlace
from cellclf.inference.exported import ExportRecord
from cellclf.inference.loading import load_bundles
from cellclf.network.build import build, weights_of
from cellclf.network.forward import Forward
from cellclf.registry import CORE, Plugin, Registry
from cellclf.specs import EngineSpec, Params, Spec
from tests.tiny import TINY, TinyParams

CLASSES = ("round", "band, segmented", "白血球")
SIZE = 16
(SAVED_MODEL,) = ENGINES

Convert = Callable[..., None]


def registry_of(*others: Spec) -> Registry:
    return Registry(
        [
            Plugin(name="builtin", distribution=CORE, version="1.0", specs=ENGINES),
            Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(TINY,)),
            *(
                Plugin(
                    name=f"p{number}", distribution=f"other-{number}", version="2", specs=(spec,)
                )
                for number, spec in enumerate(others)
            ),
        ]
    )


REGISTRY = registry_of()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is calibrated, and refuses."""
    keras.utils.set_random_seed(0)
    network = build(TINY, TinyParams(filters=6), image_size=SIZE, num_classes=3)
    rng = np.random.default_rng(0)
    for variable in network.weights:
        values = rng.normal(0, 0.7, variable.shape)
        variable.assign(abs(values) + 0.1 if "variance" in variable.path else values)
    features = Forward(network)(made_images(SIZE, 60, seed=4)).features
    outliers = OutlierScores.fitted(features, np.arange(60) % 3)
    assert outliers is not None
    decision = Decision(
        calibration=Calibration(temperature=2.0, biases=np.array([-1.0, 0.5, 0.5]), samples=60),
        review=Review(target=0.9, threshold=0.6, accepted=0.5, bound=0.92),
        sets=ConformalSets(coverage=0.9, thresholds=np.zeros(3), samples=np.full(3, 20)),
        refusal=Refusal(share=0.05, threshold=1.5, samples=60),
    )
    manifest = BundleManifest(
        architecture="tiny_net",
        distribution="cellclf-tiny",
        distribution_version="1.0",
        params=TinyParams(filters=6).model_dump(mode="json"),
        classes=CLASSES,
        image_size=SIZE,
        resize="pad",
        decode_version=DECODE_VERSION,
        synthetic=True,
    )
    path = tmp_path_factory.mktemp("models") / "first.safetensors"
    weights = weights_of(network)
    write_bundle(path, manifest, weights, decision=decision, outliers=outliers.rounded())
    return path


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    folder = tmp_path / "cells"
    folder.mkdir()
    for number, image in enumerate(made_images(24, 70, seed=5)):
        cv2.imwrite(str(folder / f"{number:02}.png"), image[:18, :, ::-1])
    return folder


@pytest.fixture
def falsified(monkeypatch: pytest.MonkeyPatch) -> Callable[[Convert], EngineSpec]:
    """A format of the name `false` whose `convert` is a function of the test."""

    def make(convert: Convert) -> EngineSpec:
        module = ModuleType("engine_of_a_test")
        module.convert = convert  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return replace(SAVED_MODEL, name="false", convert=f"{module.__name__}:convert")

    return make


def assert_nothing_is_left(folder: Path) -> None:
    assert [path.name for path in folder.iterdir() if path.name != "cells"] == []


def answers(exported: Path, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
    return opened(SAVED_MODEL, exported)(images)


def test_an_export_gives_calibrated_probabilities_and_outlier_scores(
    bundle: Path, tmp_path: Path
) -> None:
    exported = export(bundle, tmp_path / "out", format="saved_model", registry=REGISTRY)
    classifier = load_bundles(bundle, registry=REGISTRY)
    images = made_images(SIZE, 9, seed=6)
    table = classifier.predict(images)
    given = answers(exported.path, images)
    assert set(given) == {"probabilities", "outlier_score"}
    wanted = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    np.testing.assert_allclose(given["probabilities"], wanted, atol=1e-5)
    np.testing.assert_allclose(given["outlier_score"], table["outlier_score"], rtol=1e-4)
    assert np.ptp(wanted, axis=0).min() > 0.01
    assert given["outlier_score"].shape == (9,)


def test_probabilities_that_are_zero_to_the_network_are_calibrated_alike(
    bundle: Path, tmp_path: Path
) -> None:
    from cellclf.inference.answering import answering

    classifier = load_bundles(bundle, registry=REGISTRY)
    logits = classifier.model.get_layer("logits")
    logits.kernel.assign(1000 * logits.kernel.numpy())
    assert classifier.decision is not None
    calibration = classifier.decision.calibration
    images = made_images(SIZE, 9)
    raw = classifier.engine(images).probabilities
    assert (raw == 0).any()
    network = answering(classifier.model, calibration=calibration, outliers=None)
    given = network(images, training=False)
    assert list(given) == ["probabilities"]
    np.testing.assert_allclose(given["probabilities"], calibration.apply(raw), atol=1e-5)


def test_the_record_says_what_it_takes_to_use_it(bundle: Path, tmp_path: Path, cells: Path) -> None:
    out = tmp_path / "deep" / "out"
    exported = export(bundle, out, format="saved_model", images=cells, registry=REGISTRY)
    assert exported.path == out
    assert exported.record_path == out / "cellclf.json"
    text = exported.record_path.read_text(encoding="utf-8")
    assert ExportRecord.model_validate_json(text) == exported.record
    said = json.loads(text)
    assert said["classes"] == [*CLASSES]
    assert said["bundle_sha256"] == load_bundles(bundle, registry=REGISTRY).sha256
    assert (said["image_size"], said["resize"], said["decode_version"]) == (
        SIZE,
        "pad",
        DECODE_VERSION,
    )
    assert said["thresholds"]["review"] == 0.6
    assert said["thresholds"]["outlier"] == 1.5
    assert said["calibrated"]
    assert said["synthetic"]
    assert not said["leaky"]
    assert said["notice"] == "Not for clinical use."
    assert said["made_images"]["images"] == 32
    assert said["given_images"]["images"] == 70
    assert said["given_images"]["probabilities"] <= 1e-4
    assert said["given_images"]["outlier_score"] <= 1e-3
    assert "70 given images" in exported.summary()
    metadata = exported.record.metadata()
    assert json.loads(metadata["classes"]) == [*CLASSES]
    assert metadata["image_size"] == "16"
    assert all(isinstance(value, str) for value in metadata.values())


def test_a_model_that_is_not_calibrated_gives_the_probabilities_of_the_network(
    bundle: Path, tmp_path: Path
) -> None:
    whole = load_bundles(bundle, registry=REGISTRY)
    plain = tmp_path / "plain.safetensors"
    write_bundle(plain, whole.manifest, weights_of(whole.model))
    exported = export(plain, tmp_path / "out", format="saved_model", registry=REGISTRY)
    assert not exported.record.calibrated
    assert exported.record.thresholds == {}
    images = made_images(SIZE, 5)
    given = answers(exported.path, images)
    assert list(given) == ["probabilities"]
    raw = whole.engine(images).probabilities
    np.testing.assert_allclose(given["probabilities"], raw, atol=1e-6)


def test_a_format_whose_probabilities_are_wrong_is_refused(
    bundle: Path, tmp_path: Path, falsified: Callable[[Convert], EngineSpec]
) -> None:
    def convert(network: Any, folder: Path, params: Params, *, metadata: Any) -> None:
        wrong = {**network.output, "probabilities": network.output["probabilities"] * 0.999}
        keras.Model(network.inputs, wrong).export(folder, verbose=False)

    registry = registry_of(falsified(convert))
    with pytest.raises(EngineError, match=r"'false' must give what Keras gives.*probabilities"):
        export(bundle, tmp_path / "out", format="false", registry=registry)
    assert_nothing_is_left(tmp_path)


def test_a_format_whose_outlier_scores_are_wrong_or_missing_is_refused(
    bundle: Path, tmp_path: Path, falsified: Callable[[Convert], EngineSpec]
) -> None:
    def less(network: Any, folder: Path, params: Params, *, metadata: Any) -> None:
        wrong = {**network.output, "outlier_score": network.output["outlier_score"] * 0.99}
        keras.Model(network.inputs, wrong).export(folder, verbose=False)

    def without(network: Any, folder: Path, params: Params, *, metadata: Any) -> None:
        part = {"probabilities": network.output["probabilities"]}
        keras.Model(network.inputs, part).export(folder, verbose=False)

    for convert, said in (
        (less, "outlier scores that differ by up to 1.0e-02"),
        (without, "finite outlier_score"),
    ):
        registry = registry_of(falsified(convert))
        with pytest.raises(EngineError, match=said):
            export(bundle, tmp_path / "out", format="false", registry=registry)
        assert_nothing_is_left(tmp_path)


def test_a_converter_that_fails_is_refused_in_one_line(
    bundle: Path, tmp_path: Path, falsified: Callable[[Convert], EngineSpec]
) -> None:
    def convert(network: Any, folder: Path, params: Params, *, metadata: Any) -> None:
        (folder / "half").write_bytes(b"?")
        raise ValueError("no such operation\nand pages of it")

    registry = registry_of(falsified(convert))
    with pytest.raises(EngineError, match=r"cannot convert .* ValueError: no such operation$"):
        export(bundle, tmp_path / "out", format="false", registry=registry)
    assert_nothing_is_left(tmp_path)


def test_nothing_is_overwritten(bundle: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(RunError, match=r"taken is there already"):
        export(bundle, taken, format="saved_model", registry=REGISTRY)
    assert list(taken.iterdir()) == []


def test_a_file_takes_its_record_beside_it(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("cellclf_onnxruntime.plugin")
    (spec,) = onnx.cellclf_engines()
    registry = registry_of(spec)
    exported = export(bundle, tmp_path / "first.onnx", format="onnx", registry=registry)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["first.onnx", "first.onnx.cellclf.json"]
    # The same name in another format is another export.
    assert ExportPlace.of(tmp_path / "first.tflite", "model.tflite").record.name not in names
    assert exported.record.file == "first.onnx"
    assert exported.record.format == "onnx"
    with pytest.raises(RunError, match=r"first\.onnx is there already"):
        export(bundle, tmp_path / "first.onnx", format="onnx", registry=registry)
    (tmp_path / "first.onnx").unlink()
    with pytest.raises(RunError, match=r"first\.onnx\.cellclf\.json is there already"):
        export(bundle, tmp_path / "first.onnx", format="onnx", registry=registry)


def test_a_format_of_several_files_needs_a_folder(
    bundle: Path, tmp_path: Path, falsified: Callable[[Convert], EngineSpec]
) -> None:
    def convert(network: Any, folder: Path, params: Params, *, metadata: Any) -> None:
        network.export(folder, verbose=False)

    registry = registry_of(replace(falsified(convert), file="saved_model.pb"))
    with pytest.raises(EngineError, match=r"more than one file .*must go into a folder"):
        export(bundle, tmp_path / "out.pb", format="false", registry=registry)
    assert_nothing_is_left(tmp_path)


def test_images_that_cannot_be_read_stop_the_export(
    bundle: Path, tmp_path: Path, cells: Path
) -> None:
    (cells / "99.png").write_text("no image")
    with pytest.raises(DataError, match=r"99\.png"):
        export(bundle, tmp_path / "out", format="saved_model", images=cells, registry=REGISTRY)
    with pytest.raises(DataError, match="nowhere"):
        export(bundle, tmp_path / "out", format="saved_model", images="nowhere", registry=REGISTRY)
    assert_nothing_is_left(tmp_path)


def test_a_format_is_asked_for_by_its_own_name_or_that_of_its_engine() -> None:
    named = replace(SAVED_MODEL, name="engine", format="shape")
    registry = registry_of(named)
    assert format_names(registry) == ("saved_model", "shape")
    assert format_offer(registry, "shape").spec is named
    assert format_offer(registry, "other-0/shape").spec is named
    with pytest.raises(PluginError, match=r"no format is called 'shap'. Did you mean 'shape'"):
        format_offer(registry, "shap")


def test_two_engines_of_one_format_are_told_apart_by_their_distribution() -> None:
    specs = [replace(SAVED_MODEL, name=name, format="shape") for name in ("one", "two")]
    registry = registry_of(*specs)
    with pytest.raises(PluginError, match="more than one"):
        format_offer(registry, "shape")
    assert format_offer(registry, "other-1/shape").spec is specs[1]


def test_a_format_must_have_a_name_like_any_other() -> None:
    with pytest.raises(PluginError, match="format='A b'"):
        replace(SAVED_MODEL, format="A b")


def test_export_is_public() -> None:
    assert cellclf.export is export
    assert issubclass(EngineError, CellclfError)


def test_models_that_answer_together_are_not_exported(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"each by itself\. Received: list"):
        export([bundle, bundle], tmp_path / "out", format="onnx")  # type: ignore[arg-type]
