from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cellclf.settings import TrainingSettings
from cellclf.training.checkpoint import values_of
from cellclf.training.features import Backbone
from cellclf.training.history import HISTORY_NAME, History
from cellclf.training.recipes import Lesson, phases_of

STAGES = ("top_", "convolution")
HEAD_ONLY = TrainingSettings(recipe="head_only", epochs=6, batch_size=8)
FINE_TUNE = TrainingSettings(
    recipe="fine_tune", epochs=6, head_epochs=2, batch_size=8, fine_tune_rate=0.5
)

Weights = dict[str, NDArray[Any]]


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))


def deep_network() -> keras.Model:
    """Two stages with normalisation, and dropout in backbone and head."""
    keras.utils.set_random_seed(5)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(6, 3, name="convolution")(x)
    x = keras.layers.BatchNormalization(momentum=0.5, name="convolution_norm")(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.1, name="between")(x)
    x = keras.layers.Conv2D(6, 3, name="top_convolution")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.2, name="head_dropout")(x)
    return keras.Model(image, keras.layers.Dense(3, name="logits")(x))


@pytest.fixture
def learn(toy: Any, tmp_path: Path, new_listener: Any) -> Callable[..., tuple[History, Any]]:
    def train(
        settings: TrainingSettings, directory: str = "run", heard: Any = None
    ) -> tuple[History, keras.Model]:
        network, batches = deep_network(), toy.batches()
        images, rows, labels = toy.validation
        heard = heard or new_listener()
        backbone = Backbone(
            model=network,
            images=images,
            batches=batches,
            content=[str(number) for number in range(len(images))],
            made_by={"architecture": "deep"},
            augmented_by={},
            progress=heard,
            description="features",
        )
        lesson = Lesson(
            network=network,
            phases=[
                (phase, ())
                for phase in phases_of(settings, STAGES, epoch_length=batches.epoch_length)
            ],
            batches=batches,
            backbone=backbone,
            rows=rows,
            labels=labels,
            settings=settings,
            learning_rate=0.02,
            directory=tmp_path / directory,
            progress=heard,
            description="training",
        )
        return lesson.learn(), network

    return train


def weights(network: keras.Model) -> Weights:
    return {
        weight.path: np.array(value)
        for weight, value in zip(network.weights, values_of(network.weights), strict=True)
    }


def changed(network: keras.Model) -> set[str]:
    """Paths of the weights that are no longer those of a new network."""
    new = weights(deep_network())
    found = weights(network)
    return {path for path in found if not np.array_equal(found[path], new[path])}


def judged(network: keras.Model, toy: Any) -> float:
    images, rows, labels = toy.validation
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return float(loss(labels[rows], network.predict(images[rows], verbose=0)))


def test_head_only_trains_the_head_and_nothing_else(learn: Any, toy: Any) -> None:
    history, network = learn(HEAD_ONLY)
    assert changed(network) == {"logits/kernel", "logits/bias"}
    best = history.rows[history.best_epoch - 1]
    assert judged(network, toy) == pytest.approx(best.validation_loss, rel=1e-5)
    assert len(history.rows) == 6


def test_several_steps_in_one_call_give_the_numbers_of_single_ones(
    learn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    compiled = keras.Model.compile

    def noted(model: keras.Model, **arguments: Any) -> None:
        calls.append(arguments["steps_per_execution"])
        compiled(model, **arguments)

    monkeypatch.setattr(keras.Model, "compile", noted)
    history, network = learn(HEAD_ONLY)
    monkeypatch.setattr("cellclf.training.fit.MOST_AT_ONCE", 1)
    one_by_one, other = learn(HEAD_ONLY, "other")
    assert calls[0] > 1
    assert calls[1] == 1
    losses = [[row.validation_loss for row in found.rows] for found in (history, one_by_one)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for ours, theirs in zip(values_of(network.weights), values_of(other.weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_head_only_may_see_augmented_views(learn: Any) -> None:
    history, network = learn(HEAD_ONLY.model_copy(update={"feature_views": 2}))
    assert changed(network) == {"logits/kernel", "logits/bias"}
    assert len(history.rows) == 6


def test_fine_tuning_trains_all_but_the_normalisation(learn: Any, toy: Any, tmp_path: Path) -> None:
    history, network = learn(FINE_TUNE)
    normalisation = {path for path in weights(network) if path.startswith("convolution_norm")}
    assert changed(network) == set(weights(network)) - normalisation
    assert [row.epoch for row in history.rows] == [1, 2, 3, 4, 5, 6]
    rates = [row.learning_rate for row in history.rows]
    assert max(rates[2:]) <= 0.01 < max(rates[:2])
    best = history.rows[history.best_epoch - 1]
    assert best.validation_loss == min(row.validation_loss for row in history.rows)
    assert judged(network, toy) == pytest.approx(best.validation_loss, rel=1e-5)
    assert list(pd.read_csv(tmp_path / "run" / HISTORY_NAME)["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert all(layer.trainable for layer in network.layers)


def test_fine_tuning_unfreezes_from_the_top() -> None:
    head, first, second = phases_of(FINE_TUNE, STAGES, epoch_length=45)
    assert (head.trains, head.epochs) == ("head", 2)
    assert (first.stages, first.rest, first.epochs) == (("top_",), False, 2)
    assert (second.stages, second.rest, second.epochs) == (STAGES, True, 2)


@pytest.mark.slow
def test_an_interrupted_fine_tuning_goes_on_to_the_same_bits(learn: Any, new_listener: Any) -> None:
    history, network = learn(FINE_TUNE, "whole")
    wanted, dropped = weights(network), ["seconds", "images_per_second"]
    for steps in (10, 15, 25):  # in each of the three phases
        with pytest.raises(KeyboardInterrupt):
            learn(FINE_TUNE, f"part {steps}", heard=new_listener(interrupt_after=steps))
        again, resumed = learn(FINE_TUNE, f"part {steps}")
        np.testing.assert_array_equal(
            again.table.drop(columns=dropped), history.table.drop(columns=dropped)
        )
        for path, value in weights(resumed).items():
            np.testing.assert_array_equal(value, wanted[path], err_msg=path)


def test_there_are_as_many_phases_as_there_are_stages_and_epochs_for() -> None:
    def epochs(settings: TrainingSettings, stages: tuple[str, ...] = STAGES) -> list[int]:
        return [phase.epochs for phase in phases_of(settings, stages, epoch_length=45)]

    assert epochs(TrainingSettings()) == [100]
    settings = TrainingSettings(recipe="fine_tune", epochs=100, unfreezing=9)
    assert epochs(settings) == [10, 45, 45]
    assert epochs(settings, ()) == [10, 90]


@pytest.mark.parametrize(("length", "size"), [(45, 8), (800, 100), (8000, 256)])
def test_steps_on_features_are_large_but_not_few(length: int, size: int) -> None:
    (head,) = phases_of(HEAD_ONLY, STAGES, epoch_length=length)
    assert head.batch_size == size
    assert head.rate == pytest.approx((size / HEAD_ONLY.batch_size) ** 0.5)
