from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import cellclf
from cellclf.cli.main import app
from cellclf.errors import DataError
from tests.beginning.fetchable import FETCHABLE
from tests.beginning.test_fetch import params_for, server
from tests.data.file_server import FileServer

__all__ = ["server"]


def test_a_set_is_fetched_and_the_command_that_uses_it_printed(
    server: FileServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cellclf.register(FETCHABLE)
    place = tmp_path_factory.mktemp("sets")
    settings = [f"--set={name}={value}" for name, value in params_for(server).items()]
    done = CliRunner().invoke(
        app, ["fetch", "fetchable_shapes", "--to", str(place), *settings], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert f"fetchable_shapes: 5 images in {place}" in done.stdout
    assert f"Use it: cellclf run --dataset fetchable_shapes --data {place}" in done.stdout
    assert "Licence: CC0" in done.stdout


def test_a_program_is_told_what_there_is_and_whose_it_is(
    server: FileServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cellclf.register(FETCHABLE)
    place = tmp_path_factory.mktemp("sets")
    settings = [f"--set={name}={value}" for name, value in params_for(server).items()]
    done = CliRunner().invoke(
        app,
        ["fetch", "fetchable_shapes", "--to", str(place), *settings, "--json"],
        catch_exceptions=False,
    )
    told = json.loads(done.stdout)
    assert (told["dataset"], told["path"], told["images"]) == ("fetchable_shapes", str(place), 5)
    assert sum(told["classes"].values()) == 5
    assert told["licence"] == "CC0"
    assert told["command"].startswith("cellclf run --dataset fetchable_shapes --data ")


def test_a_set_that_cannot_be_fetched_is_an_error_of_the_data() -> None:
    done = CliRunner().invoke(app, ["fetch", "image_folder", "--to", "somewhere"])
    assert isinstance(done.exception, DataError)


def test_a_person_who_stops_it_is_told_how_it_goes_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    cellclf.register(FETCHABLE)
    place = str(tmp_path_factory.mktemp("sets"))
    stopped = ["fetch", "fetchable_shapes", "--to", place, "--set", "fault=a person stops it"]
    done = CliRunner().invoke(app, stopped)
    assert done.exit_code == 130
    assert "The same command goes on where this one was" in done.stderr


def test_the_folder_must_be_named() -> None:
    done = CliRunner().invoke(app, ["fetch", "image_folder"])
    assert done.exit_code == 2
    assert "--to" in done.output


def test_what_can_be_fetched_is_shown_with_the_command() -> None:
    cellclf.register(FETCHABLE)
    shown = CliRunner().invoke(app, ["plugins", "show", "fetchable_shapes"]).output
    assert "fetch: cellclf fetch fetchable_shapes --to FOLDER" in shown
    assert f"obtain: {FETCHABLE.obtain}" in shown
