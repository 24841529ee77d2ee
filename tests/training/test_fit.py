from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.errors import DataError, TrainingError
from cellclf.settings import TrainingSettings
from cellclf.training import course, keeping, pace
from cellclf.training.checkpoint import discard_checkpoints, values_of
from cellclf.training.fit import fit
from cellclf.training.history import History

Network = Callable[..., keras.Model]

SETTINGS = TrainingSettings(epochs=5, batch_size=8, weight_decay=0.01)
BRIEF = TrainingSettings(epochs=1, batch_size=8)
RATE = 0.02
SEED = 5
SECONDS_PER_LOOK = 0.03


def train(
    model: keras.Model,
    toy: Any,
    directory: Path,
    progress: Any,
    *,
    settings: TrainingSettings = SETTINGS,
    rate: float = RATE,
    **batches: Any,
) -> History:
    return fit(
        model,
        toy.batches(**batches),
        validation=toy.validation,
        settings=settings,
        learning_rate=rate,
        directory=directory,
        progress=progress,
        checkpoint_every=0,
    )


@dataclass(frozen=True)
class Whole:
    """A fit that nothing interrupted."""

    model: keras.Model
    weights: list[NDArray[Any]]
    history: History
    heard: Any
    directory: Path


@pytest.fixture(scope="module")
def whole(
    toy: Any, network: Network, new_listener: Any, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    model, heard = network(SEED), new_listener()
    directory = tmp_path_factory.mktemp("whole") / "made" / "here"
    history = train(model, toy, directory, heard)
    return Whole(model, values_of(model.weights), history, heard, directory)


def checkpoints_in(directory: Path) -> list[Path]:
    return sorted(directory.rglob("checkpoint-*"))


def assert_same(first: Sequence[NDArray[Any]], second: Sequence[NDArray[Any]]) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def numbers(history: History) -> list[tuple[Any, ...]]:
    return list(
        history.table.drop(columns=["seconds", "images_per_second"]).itertuples(
            index=False, name=None
        )
    )


def judged(model: keras.Model, toy: Any) -> tuple[float, float]:
    """Loss and accuracy on the validation rows, computed by other means."""
    images, rows, labels = toy.validation
    logits = np.asarray(model.predict(images[rows], verbose=0), dtype=np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    right = logits.argmax(axis=1) == labels[rows]
    return float(-log_p[np.arange(len(rows)), labels[rows]].mean()), float(right.mean())


def test_a_separable_problem_is_learnt(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 12})
    history = train(network(), toy, tmp_path, listener, settings=settings)
    table = history.table
    assert table["loss"].iloc[-1] < 0.7 * table["loss"].iloc[0]
    assert table["validation_accuracy"].max() > 0.9
    assert list(table["epoch"]) == list(range(1, 13))
    assert not history.stopped_early
    assert "all 12 epochs" in history.reason


def test_the_model_ends_with_the_weights_of_its_best_epoch(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    settings = TrainingSettings(
        epochs=6, batch_size=8, patience=1, schedule="constant", early_stopping=False
    )
    model = network()
    history = train(model, toy, tmp_path, listener, settings=settings, rate=0.5)
    assert len(history.rows) == 6
    assert not history.stopped_early
    best = history.rows[history.best_epoch - 1]
    assert best.validation_loss == min(row.validation_loss for row in history.rows)
    loss, accuracy = judged(model, toy)
    assert loss == pytest.approx(best.validation_loss, rel=1e-5)
    assert accuracy == pytest.approx(best.validation_accuracy)


def test_early_stopping_ends_a_fit_that_no_longer_improves(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    endless = TrainingSettings(epochs=60, batch_size=8, patience=2, schedule="constant")
    history = train(network(), toy, tmp_path, listener, settings=endless, rate=0.5)
    assert history.stopped_early
    assert len(history.rows) == history.best_epoch + 2 < 60
    assert f"kept the weights of epoch {history.best_epoch}" in history.reason


def test_the_same_seed_gives_the_same_weights_twice_and_another_does_not(
    toy: Any, network: Network, whole: Whole, tmp_path: Path, listener: Any
) -> None:
    for seed, same in ((SEED, True), (SEED + 1, False)):
        model = network(seed)
        history = train(model, toy, tmp_path / str(seed), listener)
        assert (numbers(history) == numbers(whole.history)) == same
        if same:
            assert_same(values_of(model.weights), whole.weights)


@pytest.mark.parametrize("interrupt_after", [8, 30])
def test_an_interrupted_fit_goes_on_to_the_numbers_of_an_uninterrupted_one(
    toy: Any,
    network: Network,
    whole: Whole,
    tmp_path: Path,
    listener: Any,
    new_listener: Any,
    interrupt_after: int,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(network(), toy, tmp_path, new_listener(interrupt_after=interrupt_after))
    resumed = network(seed=99)
    history = train(resumed, toy, tmp_path, listener)

    assert listener.notes[0].startswith("resumed after epoch ")
    assert listener.steps == listener.total
    assert not listener.warned
    assert numbers(history) == numbers(whole.history)
    assert history.reason == whole.history.reason
    assert_same(values_of(resumed.weights), whole.weights)


def test_a_fit_that_is_complete_is_not_repeated_until_its_checkpoint_is_discarded(
    toy: Any, network: Network, whole: Whole, listener: Any
) -> None:
    again = network(seed=99)
    history = train(again, toy, whole.directory, listener)
    assert history == whole.history
    assert_same(values_of(again.weights), whole.weights)
    assert listener.notes == [f"resumed after epoch {len(history.rows)}"]


def test_discarding_the_checkpoints_leaves_nothing_behind(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    train(network(), toy, tmp_path / "head", listener, settings=BRIEF)
    for left_by_a_killed_process in ("4711", "0af" * 10):
        (tmp_path / f".best-000001.{left_by_a_killed_process}.partial.safetensors").touch()
    of_something_else = tmp_path / ".history.4711.partial.csv"
    of_something_else.touch()
    assert checkpoints_in(tmp_path)
    discard_checkpoints(tmp_path)
    discard_checkpoints(tmp_path)
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {of_something_else, tmp_path / "head" / "history.csv"}


def test_what_is_kept_is_an_average_of_the_weights_trained(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    plain, averaged = network(), network()
    for model, share in ((plain, 0.0), (averaged, 0.5)):
        settings = TrainingSettings(epochs=3, batch_size=8, averaging=share)
        train(model, toy, tmp_path / str(share), listener, settings=settings)
    kernels = [model.get_layer("logits").get_weights()[0] for model in (plain, averaged)]
    start = network().get_layer("logits").get_weights()[0]
    moved = [float(np.abs(kernel - start).mean()) for kernel in kernels]
    assert 0 < moved[1] < moved[0]


@pytest.mark.parametrize("left", [0, 1], ids=["none is left", "one is left"])
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(
    toy: Any, network: Network, whole: Whole, tmp_path: Path, new_listener: Any, left: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(network(), toy, tmp_path, new_listener(interrupt_after=28))
    found = checkpoints_in(tmp_path)
    assert len(found) == 2
    for path in found[left:]:
        path.write_bytes(path.read_bytes()[:-100])
    resumed, listener = network(seed=SEED if left == 0 else 99), new_listener()
    history = train(resumed, toy, tmp_path, listener)
    assert len(listener.warned) == 2 - left
    way_on = "the one before it is taken" if left else "training starts anew"
    assert all(way_on in line for line in listener.warned)
    assert listener.notes[0].startswith("resumed after epoch" if left else "epoch 1/5")
    assert numbers(history) == numbers(whole.history)
    assert_same(values_of(resumed.weights), whole.weights)


def test_a_checkpoint_of_other_settings_is_passed_over_with_a_warning(
    toy: Any, network: Network, tmp_path: Path, new_listener: Any
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(network(), toy, tmp_path, new_listener(interrupt_after=8))
    with pytest.raises(KeyboardInterrupt):
        train(network(), toy, tmp_path, (again := new_listener(interrupt_after=1)), rate=RATE / 2)
    assert any("other settings or data" in line for line in again.warned)
    assert again.notes[0].startswith("epoch 1/5")


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_fit(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    (tmp_path / "best-000001.safetensors").mkdir(parents=True)
    (tmp_path / "checkpoint-000001-000000000.safetensors").mkdir()
    history = train(network(), toy, tmp_path, listener, settings=BRIEF)
    assert len(history.rows) == BRIEF.epochs
    assert any("cannot be written" in line for line in listener.warned)


def test_a_loss_that_is_no_number_ends_the_fit_and_says_what_to_do(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    model = network()
    before = values_of(model.weights)
    settings = TrainingSettings(epochs=4, batch_size=8, schedule="constant")
    with pytest.raises(TrainingError, match=r"Lower `training.learning_rate`"):
        train(model, toy, tmp_path, listener, settings=settings, rate=1e30)
    assert all(np.isfinite(weight).all() for weight in values_of(model.weights))
    assert_same(values_of(model.weights), before)


def test_an_augmentation_that_fails_says_so_itself(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    def refuse(image: Any, rng: Any, params: Any) -> Any:
        raise DataError("no view today")

    with pytest.raises(DataError, match="no view today"):
        train(network(), toy, tmp_path, listener, chain=[(refuse, None)])


def test_nothing_to_validate_on_is_refused(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    with pytest.raises(TrainingError, match="0 rows"):
        fit(
            network(),
            toy.batches(),
            validation=(toy.images, np.array([], dtype=np.intp), toy.labels),
            settings=SETTINGS,
            learning_rate=RATE,
            directory=tmp_path,
            progress=listener,
        )


def test_progress_hears_of_every_step_and_epoch(toy: Any, whole: Whole) -> None:
    heard = whole.heard
    assert heard.total == heard.steps == SETTINGS.epochs * len(toy.batches())
    assert heard.notes[0].startswith("epoch 1/5 loss ")
    assert "validation" not in heard.notes[0]
    assert heard.notes[-1].startswith("epoch 5/5 loss ")
    assert " validation accuracy " in heard.notes[-1]


def test_the_last_step_of_a_one_cycle_has_almost_no_learning_rate(whole: Whole) -> None:
    rates = whole.history.table["learning_rate"]
    assert rates.max() <= RATE
    assert 0 < rates.iloc[-1] < 0.02 * RATE


@pytest.fixture
def even_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes by how often it is looked at, so that no load of the machine counts."""
    looks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: SECONDS_PER_LOOK * next(looks))
    for module in (course, keeping, pace):
        monkeypatch.setattr(module, "time", clock)


@pytest.mark.usefixtures("even_time")
def test_a_fit_that_is_given_seconds_ends_annealed_however_many_epochs_they_are(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    settings = SETTINGS.model_copy(update={"time_budget": 3.0, "patience": 1})
    history = train(network(), toy, tmp_path, listener, settings=settings)
    rates = history.table["learning_rate"]
    assert rates.max() <= RATE
    assert rates.iloc[-1] < 0.05 * RATE
    assert not history.stopped_early
    assert "the 3 s are used up" in history.reason
    assert listener.total == 3


@pytest.mark.usefixtures("even_time")
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_trained_by_the_clock_too(
    toy: Any, network: Network, tmp_path: Path, listener: Any, policy: str
) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    settings = SETTINGS.model_copy(update={"time_budget": 2.0})
    history = train(model, toy, tmp_path, listener, settings=settings)
    assert history.rows[-1].validation_loss < 2
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


@pytest.mark.usefixtures("even_time")
def test_a_fit_that_is_given_seconds_goes_on_with_those_that_are_left(
    toy: Any, network: Network, tmp_path: Path, new_listener: Any
) -> None:
    settings = SETTINGS.model_copy(update={"time_budget": 6.0})
    interrupted = new_listener()

    def interrupt() -> None:
        if len(interrupted.notes) == 2:  # what was kept after the first is there
            raise KeyboardInterrupt

    interrupted.then = interrupt
    with pytest.raises(KeyboardInterrupt):
        train(network(), toy, tmp_path, interrupted, settings=settings)
    listener = new_listener()
    history = train(network(), toy, tmp_path, listener, settings=settings)
    assert listener.notes[0].startswith("resumed after epoch ")
    assert history.table["learning_rate"].iloc[-1] < 0.05 * RATE
    assert list(history.table["epoch"]) == list(range(1, len(history.rows) + 1))
    assert listener.steps <= listener.total == 6


def test_epochs_at_a_high_rate_do_not_count_for_early_stopping(
    toy: Any, network: Network, tmp_path: Path, listener: Any
) -> None:
    endless = TrainingSettings(epochs=20, batch_size=8, patience=1, warmup=0.2)
    history = train(network(), toy, tmp_path, listener, settings=endless, rate=5.0)
    # The rate is at half of its peak after 12 of the 20 epochs.
    assert len(history.rows) > 12
    assert history.stopped_early or len(history.rows) == 20


def test_averages_are_judged_only_once_the_rate_has_fallen(
    toy: Any, network: Network, tmp_path: Path, listener: Any, new_listener: Any
) -> None:
    rows = {}
    for share in (0.0, 0.5):
        settings = TrainingSettings(epochs=8, batch_size=8, averaging=share, early_stopping=False)
        folder = tmp_path / str(share)
        rows[share] = train(network(), toy, folder, new_listener(), settings=settings).rows
    alike = [
        one.validation_loss == other.validation_loss
        for one, other in zip(rows[0.0], rows[0.5], strict=True)
    ]
    peak = max(row.learning_rate for row in rows[0.0])
    assert alike == [row.learning_rate > 0.1 * peak for row in rows[0.0]]
    assert not alike[-1]
