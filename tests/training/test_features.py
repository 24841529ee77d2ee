from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.files import cache_folder
from cellclf.network.forward import Forward
from cellclf.training.features import FEATURES_KIND, Backbone, FeatureBatches

PLAIN = [(row, None) for row in range(5)]


def darker(image: Any, rng: Any, params: Any) -> Any:
    return (image * rng.uniform(0.2, 0.9)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def backbone(toy: Any, network: Callable[..., keras.Model], listener: Any) -> Backbone:
    return Backbone(
        model=network(),
        images=toy.images,
        batches=toy.batches(chain=[(darker, None)]),
        content=[str(number) for number in range(len(toy.images))],
        made_by={"architecture": "toy"},
        augmented_by={"seed": 3},
        progress=listener,
        description="features",
    )


def computed(backbone: Backbone) -> int:
    return int(backbone.progress.steps)  # type: ignore[attr-defined]


def test_features_are_what_the_head_sees(backbone: Backbone, toy: Any) -> None:
    found = backbone.features([(row, None) for row in range(len(toy.images))])
    wanted = Forward(backbone.model)(toy.images).features
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_features_are_computed_once_for_the_same_content_and_weights(backbone: Backbone) -> None:
    first = backbone.features(PLAIN)
    assert computed(backbone) == 5
    np.testing.assert_array_equal(backbone.features(PLAIN), first)
    head = backbone.model.get_layer("logits")
    head.set_weights([weight + 1 for weight in head.get_weights()])
    other = replace(backbone, augmented_by={"seed": 4})
    np.testing.assert_array_equal(other.features(PLAIN), first)
    assert computed(backbone) == 5
    assert [path.name for path in (cache_folder() / FEATURES_KIND).rglob("*.npy")] == [
        "features.npy"
    ]


def other_weights(backbone: Backbone) -> Backbone:
    layer = backbone.model.get_layer("convolution")
    layer.set_weights([weight * 1.5 for weight in layer.get_weights()])
    return backbone


@pytest.mark.parametrize(
    "change",
    [
        other_weights,
        lambda backbone: replace(backbone, content=["other", *backbone.content[1:]]),
        lambda backbone: replace(backbone, made_by={"architecture": "toy", "size": 9}),
    ],
    ids=["weights", "content", "architecture"],
)
def test_features_are_computed_anew_where_anything_else_went_in(
    backbone: Backbone, change: Callable[[Backbone], Backbone]
) -> None:
    backbone.features(PLAIN)
    change(backbone).features(PLAIN)
    assert computed(backbone) == 10


def test_features_that_were_damaged_in_the_cache_are_computed_anew(backbone: Backbone) -> None:
    first = np.array(backbone.features(PLAIN))
    (stored,) = (cache_folder() / FEATURES_KIND).rglob("*.npy")
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    np.testing.assert_array_equal(backbone.features(PLAIN), first)
    assert computed(backbone) == 10


def test_augmented_views_are_those_that_training_would_see(backbone: Backbone, toy: Any) -> None:
    found = backbone.features([(4, None), (4, 0), (4, 1)])
    batches = toy.batches(chain=[(darker, None)])
    shown = np.stack([toy.images[4], batches.view(4, 0, 0), batches.view(4, 1, 0)])
    np.testing.assert_allclose(found, Forward(backbone.model)(shown).features, rtol=1e-5)
    assert not np.array_equal(found[1], found[2])


def test_batches_of_features_have_the_samples_and_targets_of_those_of_images(toy: Any) -> None:
    batches = toy.batches()
    features = np.repeat(np.arange(len(batches.rows), dtype=np.float32)[:, None], 2, axis=1)
    instead = FeatureBatches(batches, features)
    assert len(instead) == len(batches)
    for number in range(len(batches)):
        x, y, weight = instead.batch(number, 1)
        _, wanted, wanted_weight = batches.batch(number, 1)
        np.testing.assert_array_equal(batches.rows[x[:, 0].astype(int)], batches.sources(number, 1))
        np.testing.assert_array_equal(y, wanted)
        np.testing.assert_array_equal(weight, wanted_weight)


def test_a_sample_comes_in_another_view_each_epoch(toy: Any) -> None:
    batches = toy.batches(balance="none")
    count = len(batches.rows)
    features = np.repeat(np.arange(3, dtype=np.float32), count)[:, None]
    instead = FeatureBatches(batches, features)
    for epoch, view in enumerate((0, 1, 2, 0)):
        shown = [instead.batch(number, epoch)[0] for number in range(len(instead))]
        assert set(np.concatenate(shown).ravel()) == {view}
