"""Callbacks that an experiment names, watching its training."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

import cellclf
from cellclf.errors import ExperimentError, PluginError
from cellclf.pipeline.run import run
from tests.tiny_run import EXPERIMENT
from tests.watching import EMPTY, FAULTY, NOTING

pytestmark = pytest.mark.usefixtures("cells_at_hand")


def test_callbacks_of_an_experiment_watch_each_epoch_and_change_no_number() -> None:
    cellclf.register(NOTING)
    plain = run(EXPERIMENT, out=Path("plain"))
    chosen = {"callbacks": ["noting"], "callback_params": {"noting": {"name": "epochs.txt"}}}
    watched = run(EXPERIMENT, out=Path("watched"), training=chosen)
    lines = (Path("watched") / "training" / "tiny_net" / "epochs.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["0", "3"], ["1", "3"], ["2", "3"]]
    assert "images_per_second" in lines[0]
    pd.testing.assert_frame_equal(plain.predictions(), watched.predictions(), check_exact=True)
    settings = tomllib.loads((watched.path / "experiment.toml").read_text())["training"]
    assert settings["callback_params"] == {"noting": {"name": "epochs.txt"}}


def test_a_callback_that_fails_is_named() -> None:
    cellclf.register(FAULTY)
    with pytest.raises(PluginError, match=r"callback 'faulty'.*ZeroDivisionError"):
        run(EXPERIMENT, out=Path("run"), training={"callbacks": ["faulty"]})


def test_what_is_no_callback_is_refused_before_training() -> None:
    cellclf.register(EMPTY)
    with pytest.raises(PluginError, match=r"must return a keras.callbacks.Callback.*str"):
        run(EXPERIMENT, out=Path("run"), training={"callbacks": ["empty"]})
    assert not list(Path("run").rglob("history.csv"))


def test_parameters_of_a_callback_are_checked_before_anything_is_done() -> None:
    cellclf.register(NOTING)
    wrong = {"callbacks": ["noting"], "callback_params": {"noting": {"nam": "x"}, "other": {}}}
    with pytest.raises(ExperimentError) as refused:
        run(EXPERIMENT, out=Path("run"), training=wrong)
    places = [problem.place for problem in refused.value.problems]
    assert places == ["training.callback_params.other", "training.callback_params.noting.nam"]
