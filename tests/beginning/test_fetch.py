from __future__ import annotations

import hashlib
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import cellclf
from cellclf.errors import DataError, ExperimentError, PluginError
from tests.beginning.fetchable import FETCHABLE
from tests.data.file_server import FileServer, serving
from tests.data.test_download import Listener
from tests.images import write_folder
from tests.testing.shapes import OBTAIN, SHAPES


@pytest.fixture(autouse=True)
def _offered() -> None:
    cellclf.register(FETCHABLE)
    cellclf.register(SHAPES)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    """Serve a zip file of a few shapes."""
    write_folder(tmp_path / "shapes", {"round": 3, "long": 2})
    packed = tmp_path / "shapes.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted((tmp_path / "shapes").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "shapes"))
    with serving(FileServer(content=packed.read_bytes())) as running:
        yield running


def params_for(server: FileServer, **more: object) -> dict[str, object]:
    sha256 = hashlib.sha256(server.content).hexdigest()
    return {"url": server.address("/shapes.zip"), "sha256": sha256, **more}


def test_a_set_is_fetched_and_read_and_the_command_that_uses_it_is_told(
    server: FileServer, tmp_path: Path
) -> None:
    place = tmp_path / "my sets"
    listener = Listener()
    params = params_for(server, colours=["red", "dark blue"])
    fetched = cellclf.fetch("fetchable_shapes", to=place, params=params, progress=listener)
    assert fetched.path == place
    assert fetched.samples.counts == {"round": 3, "long": 2}
    assert [path.name for path in place.iterdir()] == ["shapes.zip"]
    assert listener.said[:2] == ["Licence: CC0", "Please cite: Nobody (2024). Shapes."]
    told = fetched.summary()
    assert f"fetchable_shapes: 5 images in {place}\n  round 3, long 2\n" in told
    assert "Licence: CC0\nPlease cite: Nobody (2024). Shapes.\nPublished at: https:" in told
    words = shlex.split(fetched.command)
    assert words[:6] == ["cellclf", "run", "--dataset", "fetchable_shapes", "--data", str(place)]
    assert 'data.params.colours=["red", "dark blue"]' in words


def test_the_command_that_is_told_means_what_was_fetched(
    server: FileServer, tmp_path: Path
) -> None:
    from cellclf.checking import plan
    from cellclf.cli.settings import overridden
    from cellclf.registry import installed

    params = params_for(server, colours=["red", "dark blue"])
    fetched = cellclf.fetch("fetchable_shapes", to=tmp_path / "sets", params=params)
    words = shlex.split(fetched.command)
    settings = [words[n + 1] for n, word in enumerate(words) if word == "--set"]
    raw = overridden({}, {"data.dataset": words[3], "data.path": words[5]}, settings)
    assert plan(raw, installed()).dataset.settings == {"fault": "", **params}


def test_the_same_again_fetches_nothing(server: FileServer, tmp_path: Path) -> None:
    for _ in range(2):
        cellclf.fetch("fetchable_shapes", to=tmp_path / "sets", params=params_for(server))
    assert len(server.asked) == 1


def test_without_a_connection_the_message_says_how_else_to_get_the_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"could not be fetched. https://127.0.0.1:9") as refusal:
        cellclf.fetch("fetchable_shapes", to=tmp_path / "sets")
    assert OBTAIN in str(refusal.value)
    assert not (tmp_path / "sets").exists()


@pytest.mark.parametrize("reason", ["refused: it is gone", "refused: it is gone."])
def test_a_reason_with_or_without_a_full_stop_is_followed_by_how_else_to_get_the_set(
    tmp_path: Path, reason: str
) -> None:
    with pytest.raises(DataError) as refusal:
        cellclf.fetch("fetchable_shapes", to=tmp_path, params={"fault": reason})
    assert str(refusal.value) == f"refused: it is gone. {OBTAIN}"


def test_a_set_that_no_program_can_fetch_says_what_a_person_does(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"'shapes' cannot be fetched by a program. {OBTAIN}"):
        cellclf.fetch("shapes", to=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blood_cells_demo", "need not be fetched: cellclf run --dataset blood_cells_demo"),
        ("image_folder", "reads images of your own.*--dataset image_folder --data FOLDER"),
    ],
)
def test_a_set_that_is_not_published_says_how_it_is_used(
    tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        cellclf.fetch(name, to=tmp_path)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="Did you mean 'fetchable_shapes'"):
        cellclf.fetch("fetchable_shape", to=tmp_path)


def test_unknown_parameters_are_refused_before_anything_is_fetched(
    server: FileServer, tmp_path: Path
) -> None:
    with pytest.raises(ExperimentError, match=r"params.urll: no such setting.*Did you mean 'url'"):
        cellclf.fetch("fetchable_shapes", to=tmp_path, params={"urll": server.address()})
    assert server.asked == []


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("fetching divides by zero", PluginError, "ZeroDivisionError"),
        ("no samples come back", PluginError, "must return Samples. Received: list"),
        ("what was fetched cannot be read", DataError, "must be a folder of shapes"),
    ],
)
def test_a_fault_of_the_plugin_shows_when_the_set_is_fetched(
    server: FileServer, tmp_path: Path, fault: str, error: type[Exception], message: str
) -> None:
    params = params_for(server, fault=fault)
    with pytest.raises(error, match=message):
        cellclf.fetch("fetchable_shapes", to=tmp_path / "sets", params=params)
