"""What `cellclf plugins new` writes, without installing it: the commands of the pages do that."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import cellclf
from cellclf.errors import PluginError, RunError
from cellclf.registry import HOOKS
from cellclf.scaffold import KINDS, LICENCES, Names, new_plugin
from cellclf.scaffold.naming import LONGEST
from cellclf.specs import PretrainedSpec
from cellclf.testing import check_plugin, checks_for
from tests.conftest import Command
from tests.docs.snippets import ROOT, snippets

UNUSUAL = 'Zoë "Z." O\'Hara \\ 細胞'

QUICK = (
    "summary_is_one_line",
    "references_resolve",
    "parameters_fit",
    "parameters_are_described",
    "unknown_parameters_are_refused",
    "parameters_are_importable",
)
"""Checks that every kind has, and that need no time: the plugin's own tests try them all."""


def begun(kind: str, place: Path, **how: str) -> Path:
    return new_plugin(f"new_{kind}", kind, out=place / kind, **how)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("new")
    return {kind: begun(kind, place) for kind in KINDS}


@pytest.fixture
def imported(
    written: dict[str, Path], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The thin module of the plugin of one kind."""
    monkeypatch.syspath_prepend(written[request.param] / "src")
    yield importlib.import_module(f"cellclf_new_{request.param}.plugin")
    for name in [name for name in sys.modules if name.startswith("cellclf_new_")]:
        del sys.modules[name]


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_of_a_package_is_there_and_can_be_read_as_what_it_is(
    kind: str, written: dict[str, Path]
) -> None:
    folder = written[kind]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    module = f"cellclf_new_{kind}"
    assert {
        ".github/workflows/test.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "docs/index.md",
        "pyproject.toml",
        f"src/{module}/params.py",
        f"src/{module}/plugin.py",
        f"src/{module}/py.typed",
        "tests/test_conformance.py",
    } <= files
    assert sum(name.startswith("tests/test_") for name in files) == 2
    for name in files:
        text = (folder / name).read_text(encoding="utf-8")
        assert "{%" not in text
        assert text.endswith("\n") or not text
        if name.endswith(".py"):
            compile(text, name, "exec")
    workflow = (folder / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert "runs-on: ${{ matrix.os }}" in workflow


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_installs_what_its_commands_use(kind: str, written: dict[str, Path]) -> None:
    readme = (written[kind] / "README.md").read_text(encoding="utf-8")
    (install,) = (line for line in readme.splitlines() if f"pip install cellclf-new-{kind}" in line)
    for name, package in (
        ("custom_cnn", "cellclf-custom-cnn"),
        ("blood_cells_demo", "cellclf-blood"),
    ):
        assert (name in readme) == (package in install.split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_project_names_the_plugin_and_the_versions_of_cellclf_that_it_takes(
    kind: str, written: dict[str, Path]
) -> None:
    project = tomllib.loads((written[kind] / "pyproject.toml").read_text(encoding="utf-8"))
    about = project["project"]
    assert about["name"] == f"cellclf-new-{kind}"
    assert about["entry-points"]["cellclf"] == {f"new_{kind}": f"cellclf_new_{kind}.plugin"}
    wanted = {one.name: one for one in map(Requirement, about["dependencies"])}
    assert wanted["cellclf"].specifier.contains(cellclf.__version__)
    assert not wanted["cellclf"].specifier.contains("1.0")
    assert all(one.specifier for one in wanted.values())
    assert project["tool"]["mypy"]["strict"] is True


@pytest.mark.parametrize("imported", KINDS, indirect=True)
def test_what_it_offers_keeps_the_promises_that_are_quick_to_try(imported: ModuleType) -> None:
    spec = imported.SPEC
    assert spec.name == f"new_{spec.kind}"
    assert imported.__all__ == ["SPEC", KINDS[spec.kind].hook]
    assert list(getattr(imported, KINDS[spec.kind].hook)()) == [spec]
    outcomes = check_plugin(spec, only=QUICK)
    assert [one.check for one in outcomes if one.status == "passed"] == list(QUICK)


@pytest.mark.parametrize("imported", ["augmentation", "metric"], indirect=True)
def test_what_needs_no_network_keeps_every_promise(imported: ModuleType) -> None:
    check_plugin(imported.SPEC)


@pytest.mark.parametrize("imported", ["dataset"], indirect=True)
def test_the_rendered_sample_keeps_every_promise_of_a_dataset(imported: ModuleType) -> None:
    lay_out = importlib.import_module("cellclf_new_dataset.sample").lay_out
    slow = {"listing_imports_nothing_heavy", "loading_imports_nothing_heavy"}
    only = [check.name for check in checks_for(imported.SPEC) if check.name not in slow]
    check_plugin(imported.SPEC, root=lay_out, zipped=True, only=only)


@pytest.mark.parametrize("imported", ["model"], indirect=True)
def test_the_network_gives_logits_and_declares_its_pixels(imported: ModuleType) -> None:
    check_plugin(imported.SPEC, only=("stages_name_layers", "channels_in_declared_order"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", "b" * LONGEST])
def test_ruff_has_nothing_to_say_whatever_is_written_into_the_templates(
    kind: str, name: str, tmp_path: Path
) -> None:
    folder = new_plugin(
        name, kind, out=tmp_path / "it", author=UNUSUAL, description=UNUSUAL, licence="MIT"
    )
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_author_and_description_stand_letter_for_letter_where_they_are_read(tmp_path: Path) -> None:
    folder = begun("metric", tmp_path, author=UNUSUAL, description=UNUSUAL, licence="MIT")
    about = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (about["description"], about["authors"]) == (UNUSUAL, [{"name": UNUSUAL}])
    assert UNUSUAL in (folder / "LICENSE").read_text(encoding="utf-8")
    tree = ast.parse((folder / "src/cellclf_new_metric/plugin.py").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert UNUSUAL in texts


def test_no_file_says_where_it_was_written(written: dict[str, Path]) -> None:
    for folder in written.values():
        texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
        assert not any(folder.parent.as_posix() in text for text in texts)
        assert any(f'"./{folder.name}[test]"' in text for text in texts)


@pytest.mark.parametrize("licence", LICENCES)
def test_the_licence_that_is_chosen_is_there_in_full(licence: str, tmp_path: Path) -> None:
    folder = begun("metric", tmp_path, licence=licence)
    text = (folder / "LICENSE").read_text(encoding="utf-8")
    assert {"Apache-2.0": "Version 2.0, January 2004", "MIT": "MIT License"}[licence] in text
    about = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["license"] == licence


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("Sickle", "lower-case"),
        ("sickle-cells", "lower-case"),
        ("9cells", "lower-case"),
        ("", "lower-case"),
        ("sickle_", "singly"),
        ("sickle__cells", "singly"),
        ("s" * (LONGEST + 1), f"{LONGEST} characters"),
        ("cellclf_sickle", "leave `cellclf` out"),
        ("lambda", "a word of Python"),
        ("match", "a word of Python"),
        ("json", "Python's library"),
        ("keras", "a package keras is installed"),
        ("sklearn", "finds an installed package"),
    ],
)
def test_a_name_that_would_be_in_somebodys_way_is_refused(
    name: str, because: str, tmp_path: Path
) -> None:
    with pytest.raises(PluginError, match=because):
        new_plugin(name, "metric", out=tmp_path / "it")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_on_offer_is_refused_for_that_kind_alone(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="plugins show rotation"):
        new_plugin("rotation", "augmentation", out=tmp_path / "it")
    new_plugin("rotation", "callback", out=tmp_path / "it")


def test_a_folder_of_the_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sickle").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    new_plugin("sickle", "metric", out=tmp_path / "it")


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"kind": "modle"}, "Did you mean 'model'"),
        ({"licence": "mit"}, "Apache-2.0 or MIT"),
        ({"author": "two\nlines"}, "one line"),
        ({"description": "d" * 71}, "70 characters at most. Received: 71 "),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(
    wrong: dict[str, str], because: str, tmp_path: Path
) -> None:
    with pytest.raises(PluginError, match=because):
        new_plugin(**{"name": "sickle", "kind": "metric", "out": tmp_path / "it", **wrong})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(RunError, match="must not be there yet"):
        new_plugin("sickle", "metric", out=taken)
    assert list(tmp_path.rglob("*")) == [taken]


def test_a_disk_that_is_full_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, files = Path.write_text, []

    def failing(path: Path, *arguments: object, **named: object) -> int:
        files.append(path)
        if len(files) > 5:
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", failing)
    with pytest.raises(RunError, match="No space left"):
        new_plugin("sickle", "metric", out=tmp_path / "it")
    assert list(tmp_path.iterdir()) == []


def test_the_command_asks_nothing_and_says_what_comes_next(
    cellclf_command: Command, tmp_path: Path
) -> None:
    done = cellclf_command("plugins", "new", "sickle", "--kind", "metric")
    assert done.stdout.splitlines()[1:] == list(
        KINDS["metric"].commands(Names(name="sickle"), "cellclf-sickle")
    )
    assert (tmp_path / "cellclf-sickle" / "pyproject.toml").is_file()
    assert cellclf_command("plugins", "new", "other", check=False).returncode == 2


def test_every_kind_of_spec_can_be_begun() -> None:
    # A trained model is not begun from a template: it is what a run has made.
    assert {kind.spec for kind in KINDS.values()} == set(HOOKS.values()) - {PretrainedSpec}


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_kind_has_the_commands_that_are_printed(kind: str) -> None:
    first, *rest = snippets(ROOT / f"docs/how-to/plugins/{kind}.md", "sh")[0].text.splitlines()
    name = first.split()[3]
    assert first == f"cellclf plugins new {name} --kind {kind}"
    names = Names(name=name)
    assert rest == list(KINDS[kind].commands(names, names.distribution))
