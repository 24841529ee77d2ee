from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cellclf.cli.main import app
from cellclf.errors import PluginError


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["plugins", *arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_the_list_says_what_each_plugin_offers_and_how_long_it_took() -> None:
    plugins = {plugin["name"]: plugin for plugin in json.loads(printed("list", "--json"))}
    core = plugins["builtin"]
    assert core["status"] == "ok"
    assert core["reason"] == ""
    assert "rotation" in core["offers"]["augmentation"]
    assert core["import_seconds"] >= 0
    assert "augmentation: flip, rotation" in printed("list")


def test_a_name_is_shown_with_its_parameters_their_types_defaults_and_meaning() -> None:
    shown = printed("show", "rotation")
    assert "augmentation rotation  (cellclf " in shown
    assert "max_degrees: number, at least 0, at most 180; default 180.0" in shown
    assert shown == printed("show", "cellclf/rotation")


def test_the_types_of_python_are_said_in_words() -> None:
    shown = printed("show", "csv")
    assert 'group_columns: list of texts; default ["group"]' in shown
    assert "tuple" not in shown


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match="Did you mean 'rotation'"):
        printed("show", "rotatoin")
