from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

import cellclf
from cellclf import errors, testing
from cellclf.checking import plan
from cellclf.experiment import Experiment
from cellclf.registry import HOOKS, installed
from cellclf.settings import SplitSettings
from cellclf.specs import CallbackContext, DatasetSpec, Spec
from cellclf.testing import CHECKS, Check
from tests.conftest import Command
from tests.docs.snippets import FOR_AUTHORS, PAGES, ROOT, snippets, title_of
from tests.images import write_folder

SECONDS = 280
SMALL = ("--epochs", "1", "--image-size", "32")
"""Laid over every `cellclf run` of the documentation: its commands are right, but take too long."""

NEEDS_KERAS = re.compile(r"\b(run|predict|check_plugin|prepare)|cellclf doctor")
SET_UP_KERAS = ("run", "predict")
"""Commands that have a process of their own: the others share this one, and import once."""

VARIABLE = re.compile(r"[\"']((?:CELLCLF|KERAS|TF|XLA)_[A-Z_]+)[\"']")


def pages_with(*languages: str) -> list[Any]:
    """Pages that hold such snippets; those whose snippets need Keras are slow."""
    found = []
    for page in PAGES:
        blocks = snippets(page, *languages)
        if "python" not in languages:
            if page in FOR_AUTHORS:
                continue
            blocks = tuple(block for block in blocks if block.commands)
        if any(block.file_name for block in blocks) and page in FOR_AUTHORS:
            continue
        text = "".join(block.text for block in blocks)
        marks = [pytest.mark.slow] if NEEDS_KERAS.search(text) else []
        if blocks:
            found.append(pytest.param(page, id=title_of(page), marks=marks))
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with everything that the snippets speak of."""
    blood = {"lymphocyte": 12, "monocyte": 12, "neutrophil": 12}
    write_folder(tmp_path / "cells", blood)
    write_folder(tmp_path / "PBC_dataset_normal_DIB", blood)
    write_folder(tmp_path, {"new": 5, "more": 5}, suffix=".jpg")
    write_folder(tmp_path / "data" / "malaria", {"Parasitized": 24, "Uninfected": 24})
    for file in sorted((tmp_path / "data").rglob("*.png")):
        file.rename(file.with_name(f"C{file.stem}P{file.stem}ThinF_IMG_1_cell_1.png"))
    write_folder(tmp_path / "slides", {"patient 1": 3, "patient 2": 3})
    for number, file in enumerate(sorted((tmp_path / "slides").rglob("*.png"))):
        file.rename(file.with_name(f"{('round', 'long')[number % 2]}_{number}.png"))
    write_patients(tmp_path, blood)
    rows = [f"cells/{label}/{n:03}.png,{label}" for label in blood for n in range(12)]
    (tmp_path / "cells.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    return tmp_path


def write_patients(place: Path, counts: Mapping[str, int]) -> None:
    """`smears`, named by patient; `groups.csv`, which says the same; `divided`, which leaks."""
    write_folder(place / "smears", counts)
    rows = ["file,patient"]
    for number, file in enumerate(sorted((place / "smears").rglob("*.png"))):
        patient = f"C{number % 6}"
        named = file.rename(file.with_name(f"{patient}_cell_{number}.png"))
        rows.append(f"{named.name},{patient}")
        copy = place / "divided" / ("train", "test")[number % 4 == 0] / file.parent.name
        copy.mkdir(parents=True, exist_ok=True)
        (copy / named.name).write_bytes(named.read_bytes())
    (place / "groups.csv").write_text("\n".join(rows), encoding="utf-8")


def run(command: list[str], place: Path, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{shlex.join(command)[:400]}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, place: Path) -> None:
    script = place / "page.py"
    text = "\n\n".join(block.text for block in snippets(page, "python"))
    script.write_text(text, encoding="utf-8")
    run([sys.executable, str(script)], place)


@pytest.mark.parametrize("page", pages_with("sh", "console"))
def test_the_commands_of_a_page_run_one_after_the_other(
    page: Path, place: Path, cellclf_command: Command
) -> None:
    for block in snippets(page, "toml", "python"):
        if block.file_name:
            (place / block.file_name).write_text(block.text, encoding="utf-8")
    for block in snippets(page, "sh", "console"):
        for line in block.commands:
            words = shlex.split(line, comments=True)
            *words, _, file = words if ">" in words else (*words, "", "")
            first = words.index("cellclf")
            env = dict(word.split("=", 1) for word in words[:first])
            if importlib.util.find_spec(env.get("KERAS_BACKEND", "keras")) is None:
                pytest.skip(f"{env['KERAS_BACKEND']} is not installed")
            if words[first + 1] in SET_UP_KERAS:
                begins = words[first + 1] == "run" and "--resume" not in words
                small = SMALL if begins else ()
                run([sys.executable, "-m", *words[first:], *small], place, env)
            else:
                said = cellclf_command(*words[first + 1 :], env=env).stdout
                if file:
                    (place / file).write_text(said, encoding="utf-8")


def experiments() -> Iterator[Any]:
    for page in PAGES:
        for number, block in enumerate(snippets(page, "toml"), start=1):
            content = tomllib.loads(block.text)
            if "project" not in content:
                yield pytest.param(content, id=f"{title_of(page)}-{number}")
    for file in sorted((ROOT / "examples").glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        yield pytest.param(content, id=title_of(file))


@pytest.mark.parametrize("content", list(experiments()))
def test_every_experiment_shown_can_be_run(content: dict[str, Any]) -> None:
    plan(content, installed())


@pytest.mark.slow
def test_the_example_in_python_runs(place: Path) -> None:
    run([sys.executable, str(ROOT / "examples" / "quickstart.py")], place)


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []


@pytest.fixture(scope="module")
def generated() -> ModuleType:
    """The module that mkdocs calls to fill in the generated pages."""
    spec = importlib.util.spec_from_file_location("generated", ROOT / "docs/hooks/generated.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def settings_of(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, str]]:
    """Every setting: the heading of its table, and its name."""
    for name, field in model.model_fields.items():
        inner = [field.annotation, *get_args(field.annotation)]
        models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        table = f"{place}.{name}".lstrip(".")
        if models == inner[:1]:
            yield from settings_of(models[0], table)
        else:
            yield place, name
            for below in models:
                yield from settings_of(below, f"{table}.LABEL")


def test_every_setting_is_on_the_page_of_the_experiment(generated: ModuleType) -> None:
    page = generated.on_page_markdown((ROOT / "docs/reference/experiment.md").read_text("utf-8"))
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    by_heading = {section.partition("\n")[0].strip("`[]"): section for section in sections}
    found = dict(settings_of(Experiment))
    assert {"models.LABEL", "data.split", "training"} <= found.keys()
    for place, name in settings_of(Experiment):
        assert f"| `{name}` |" in by_heading[place or "Top level"], f"{place}.{name}"


def test_every_command_is_on_the_page_of_the_command_line(generated: ModuleType) -> None:
    page = generated.on_page_markdown((ROOT / "docs/reference/command-line.md").read_text("utf-8"))
    for command in (
        "init",
        "run",
        "audit",
        "doctor",
        "predict",
        "fetch",
        "plugins list",
        "plugins show",
        "plugins check",
        "plugins doctor",
    ):
        assert f"`cellclf {command}`" in page
    for option in ("--epochs VALUE", "--set KEY=VALUE", "--json", "--plugin FILE.py"):
        assert f"`{option}`" in page


def test_every_first_party_name_is_on_the_page_of_names(generated: ModuleType) -> None:
    page = generated.on_page_markdown((ROOT / "docs/reference/offers.md").read_text("utf-8"))
    sets = ("image_folder", "blood_cells_demo", "malaria", "red_cell_shapes")
    for name in (*sets, "stain", "vgg16", "roc_auc"):
        assert f"### `{name}`" in page


def test_every_check_is_on_the_page_of_plugins(generated: ModuleType) -> None:
    page = generated.on_page_markdown((ROOT / "docs/reference/plugins.md").read_text("utf-8"))
    rows = re.findall(r"^\| `(\w+)` \| .*\. \|$", page, re.MULTILINE)
    assert rows == [check.name for kind in (Spec, *HOOKS.values()) for check in checks_of(kind)]


def checks_of(kind: type[Spec]) -> list[Check]:
    return [check for check in CHECKS if check.kind is kind]


def test_every_public_set_is_on_the_page_that_says_which_can_be_fetched() -> None:
    page = (ROOT / "docs/how-to/get-a-data-set.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| (yes|no), [^|]*\|", page, re.MULTILINE))
    registry = installed()
    offers = [registry.offer(DatasetSpec, name) for name in registry.names(DatasetSpec)]
    ours = [offer.spec for offer in offers if offer.distribution.startswith("cellclf-")]
    published = {spec.name: "yes" if spec.fetch else "no" for spec in ours if spec.homepage}
    assert told == published


def test_every_environment_variable_is_documented() -> None:
    page = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
    modules = (ROOT / "cellclf").rglob("*.py")
    named = {name for file in modules for name in VARIABLE.findall(file.read_text("utf-8"))}
    assert {"CELLCLF_CACHE", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS"} <= named
    assert {name for name in named if f"`{name}`" not in page} == set()


def dependencies() -> set[str]:
    lines = []
    for file in (ROOT / "pyproject.toml", *(ROOT / "plugins").glob("*/pyproject.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        lines += content["project"]["dependencies"]
        for extra in content["project"].get("optional-dependencies", {}).values():
            lines += extra
        lines += content["build-system"]["requires"]
    for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith(("#", "-")):
            lines.append(line)
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_dependency_has_its_reason_and_no_other_is_named() -> None:
    page = (ROOT / "docs/decisions/dependencies.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]*`) \|", page, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert named == dependencies()


def test_every_error_is_documented() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    classes = [name for name in errors.__all__ if name.endswith("Error")]
    assert "CellclfError" in classes
    assert [name for name in classes if not re.search(rf"\b{name}\b", page)] == []


def test_every_plugin_status_is_documented() -> None:
    from cellclf.registry import Status

    page = (ROOT / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8")
    assert [status for status in get_args(Status) if f"| `{status}` |" not in page] == []


def test_every_hook_is_in_the_table_of_hooks_with_what_it_offers_and_has_an_example() -> None:
    page = (ROOT / "docs/reference/plugins.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(cellclf_\w+)\(\)` \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(hook, kind.__name__) for hook, kind in HOOKS.items()]
    pages = (ROOT / "docs/how-to/plugins").glob("*.md")
    shown = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert [hook for hook in HOOKS if f"def {hook}():" not in shown] == []


OFFERED = (Spec, *HOOKS.values(), CallbackContext)


@pytest.mark.parametrize("described", OFFERED, ids=lambda one: one.__name__)
def test_every_field_of_a_spec_says_what_it_means(described: type[Any]) -> None:
    page = (ROOT / "docs/reference/plugins.md").read_text(encoding="utf-8")
    assert f"::: cellclf.specs.{described.__name__}\n" in page
    inherited = attributes_of(Spec) if issubclass(described, Spec) else ()
    own = [field.name for field in fields(described)]
    if described is not Spec:
        own = [name for name in own if name not in inherited]
    assert attributes_of(described) == own


def attributes_of(described: type[Any]) -> list[str]:
    """The names under `Attributes` in a docstring, in order."""
    _, _, listed = (described.__doc__ or "").partition("Attributes:\n")
    return re.findall(r"^(\w+): \S", dedent(listed), re.MULTILINE)


def test_every_parameter_of_what_is_offered_says_what_it_means() -> None:
    silent = [
        f"{spec.kind} {spec.name}: {name}"
        for plugin in installed().plugins
        for spec in plugin.specs
        for name, field in spec.params.model_fields.items()
        if not field.description
    ]
    assert silent == []


def test_every_setting_says_what_it_means() -> None:
    silent = [f"{place}.{name}" for place, name, about in described_settings() if not about]
    assert silent == []


def described_settings() -> Iterator[tuple[str, str, str | None]]:
    """Every setting that is no table of settings, with its description."""
    models = [("", Experiment)]
    while models:
        place, model = models.pop()
        for name, field in model.model_fields.items():
            inner = [field.annotation, *get_args(field.annotation)]
            below = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
            models += [(f"{place}.{name}", one) for one in below]
            if not below:
                yield place, name, field.description


@pytest.fixture(scope="module")
def reference(generated: ModuleType) -> str:
    """All pages of the reference, as the site shows them but for what comes from docstrings."""
    pages = sorted((ROOT / "docs/reference").glob("*.md"))
    return "\n".join(generated.on_page_markdown(page.read_text("utf-8")) for page in pages)


def test_every_public_name_is_in_the_reference(reference: str) -> None:
    absent = [name for name in cellclf.__all__ if not re.search(rf"\b{name}\b", reference)]
    assert absent == []


def test_every_public_name_and_check_of_the_conformance_kit_is_in_the_reference(
    reference: str,
) -> None:
    checks = [check.name for check in getattr(testing, "CHECKS", ())]
    names = [name for name in getattr(testing, "__all__", ()) if not name.isupper()]
    assert [name for name in (*names, *checks) if not re.search(rf"\b{name}\b", reference)] == []


def test_every_finding_of_the_doctor_is_documented() -> None:
    pages = ("mend-a-plugin", "check-an-installation")
    page = "\n".join((ROOT / f"docs/how-to/{name}.md").read_text("utf-8") for name in pages)
    modules = (ROOT / "cellclf" / "doctor").glob("*.py")
    kinds = {
        kind for file in modules for kind in re.findall(r'kind="([\w ]+)"', file.read_text("utf-8"))
    }
    assert {"failed", "half removed", "conflict"} <= kinds
    assert kinds == set(
        re.findall(r"^\| `([a-z ]+)` \| (?:error|warning|note)", page, re.MULTILINE)
    )


def test_every_column_of_predictions_is_documented() -> None:
    from cellclf.evaluation.predictions import COLUMNS

    page = (ROOT / "docs/reference/files.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"| `{column}` |" not in page] == []


def test_the_shares_of_the_parts_are_those_of_the_settings() -> None:
    page = (ROOT / "docs/explanation/parts-and-units.md").read_text(encoding="utf-8")
    for part, share in SplitSettings().fractions.items():
        assert f"| {part} | {share:.0%} |".replace("%", " %") in page
