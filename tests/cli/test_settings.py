from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.checking import plan
from cellclf.cli.settings import overridden, quickstart
from cellclf.errors import ExperimentError
from cellclf.experiment import read_toml
from cellclf.registry import installed

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.toml"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("[1, 2]", [1, 2]), ('"3"', "3"), ("a b=c", "a b=c")],
)
def test_a_setting_is_read_as_toml_and_else_as_text(text: str, value: object) -> None:
    assert overridden({}, {}, [f"a.b={text}"]) == {"a": {"b": value}}


def test_flags_leave_the_file_as_it_was_read() -> None:
    raw = {"training": {"epochs": 3}}
    assert overridden(raw, {"training.epochs": 5, "seed": None}, [])["training"]["epochs"] == 5
    assert raw == {"training": {"epochs": 3}}


def test_a_model_given_by_flag_can_be_set_further() -> None:
    found = overridden({}, {"models": ["vgg16"]}, ["models.vgg16.params.dropout=0.1"])
    assert found == {"models": {"vgg16": {"use": "vgg16", "params": {"dropout": 0.1}}}}


@pytest.mark.parametrize("text", ["seed", "=3"])
def test_a_setting_without_key_or_value_is_refused(text: str) -> None:
    with pytest.raises(ExperimentError, match="key=value"):
        overridden({}, {}, [text])


def test_a_setting_below_one_that_is_no_table_is_refused() -> None:
    with pytest.raises(ExperimentError, match="'seed' is no table"):
        overridden({"seed": 1}, {}, ["seed.more=2"])


def test_running_without_arguments_is_the_quickstart_of_the_examples() -> None:
    raw, _ = quickstart()
    assert plan(raw, installed()) == plan(read_toml(QUICKSTART), installed())
