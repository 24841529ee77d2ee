"""Loading a bundle as a classifier, or saying why that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.data.decode import DECODE_VERSION
from cellclf.errors import BundleError
from cellclf.evaluation.outliers import OutlierScores
from cellclf.inference.bundle import write_bundle
from cellclf.inference.loading import load, load_bundles
from cellclf.network.build import weights_of
from cellclf.registry import Plugin, Registry
from tests import loaded
from tests.loaded import CLASSES, REGISTRY, SPEC, manifest, registry_of

network, bundle = loaded.network, loaded.bundle


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
