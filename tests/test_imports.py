"""The house has floors: imports point down, and only one package names a backend."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cellclf

PACKAGE = Path(cellclf.__file__).parent
ROOT = PACKAGE.parent

GROUND = (
    "terms",
    "errors",
    "processors",
    "ties",
    "gates",
    "schema_problems",
    "settings_text",
    "packaged",
    "standard_error",
    "specs",
    "progress",
    "files",
    "delimited",
    "spreadsheets",
    "hookspecs",
    "examining",
    "plugin_files",
    "registry",
    "settings",
    "experiment",
    "chosen",
    "checking",
    "run_directory",
)
"""Lowest first: each may import those before it."""

BELOW: dict[str, tuple[str, ...]] = {
    "data": (
        "terms",
        "errors",
        "processors",
        "ties",
        "specs",
        "progress",
        "files",
        "delimited",
        "spreadsheets",
    ),
    "evaluation": (
        "terms",
        "errors",
        "ties",
        "gates",
        "specs",
        "progress",
        "files",
        "spreadsheets",
    ),
    "auditing": ("terms", "errors", "processors", "ties", "specs", "progress", "files", "data"),
    "builtin": (
        "terms",
        "errors",
        "specs",
        "hookspecs",
        "files",
        "delimited",
        "data",
        "evaluation",
    ),
    "network": (*GROUND, "data", "evaluation"),
    "training": (*GROUND, "data", "evaluation", "network"),
    "doctor": (*GROUND, "data", "network"),
    "engines": (*GROUND, "data", "network"),
    "inference": (*GROUND, "data", "evaluation", "network", "engines"),
    "reporting": (*GROUND, "data", "evaluation", "auditing"),
    "scaffold": ("errors", "specs", "hookspecs", "registry"),
    "testing": (*GROUND, "data", "evaluation", "network", "training", "engines", "inference"),
    "pipeline": (
        *GROUND,
        "data",
        "auditing",
        "evaluation",
        "network",
        "training",
        "engines",
        "inference",
        "reporting",
    ),
    "counting": (*GROUND, "evaluation", "inference", "reporting"),
    "judging": (*GROUND, "data", "engines", "evaluation", "inference", "pipeline"),
    "beginning": (*GROUND, "auditing", "data", "evaluation", "pipeline"),
}
"""What each room may import, besides itself."""

BACKENDS = ("tensorflow", "jax", "torch")
NAMES_BACKENDS = PACKAGE / "network" / "backend"


def modules_of(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    rooms = set()
    for name in imported(path):
        first, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        is_module = (PACKAGE / room).with_suffix(".py").exists()
        if first == "cellclf" and room and (is_module or (PACKAGE / room).is_dir()):
            rooms.add(room)
    return rooms


def broken_rules(path: Path, room: str) -> set[str]:
    """Rooms that `path`, a module of `room`, imports although it may not."""
    if room in ("cli", "__init__", "__main__"):
        return set()
    allowed = GROUND[: GROUND.index(room)] if room in GROUND else BELOW[room]
    return rooms_imported(path) - {room, *allowed}


def core_modules() -> list[tuple[Path, str]]:
    return [
        (path, path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        for path in modules_of(PACKAGE)
    ]


@pytest.mark.parametrize(
    ("path", "room"),
    [pytest.param(p, r, id=str(p.relative_to(PACKAGE))) for p, r in core_modules()],
)
def test_imports_point_one_way(path: Path, room: str) -> None:
    assert broken_rules(path, room) == set()


def test_the_rule_notices_an_import_that_points_up(tmp_path: Path) -> None:
    module = tmp_path / "wrong.py"
    module.write_text("from cellclf.pipeline.run import run\nimport cellclf.training.fit\n")
    assert broken_rules(module, "evaluation") == {"pipeline", "training"}


def exported(path: Path) -> set[str] | None:
    """What the `__all__` of a module names; nothing where it has none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def taken(path: Path) -> Iterator[tuple[str, str]]:
    """Module of the core and name of everything that `path` imports by name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cellclf."):
            yield from ((str(node.module), alias.name) for alias in node.names)


def test_a_module_takes_from_another_only_what_that_one_names_as_its_own() -> None:
    named = {}
    for path, _ in core_modules():
        parts = path.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts).removesuffix(".__init__")] = exported(path)
    hidden = [
        f"{path.relative_to(ROOT)}: {module}.{name}"
        for path, room in core_modules()
        if room != "testing"  # the files of one kit, which are apart for their length alone
        for module, name in taken(path)
        if named.get(module) is not None
        and name not in (named[module] or ())
        and f"{module}.{name}" not in named
    ]
    assert hidden == []


def test_nothing_but_the_backend_package_names_a_backend() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in (PACKAGE, *sorted(ROOT.glob("plugins/*/src")))
        for path in modules_of(folder)
        if NAMES_BACKENDS not in path.parents
        for name in imported(path)
        if name.partition(".")[0] in BACKENDS
    ]
    assert guilty == []


def test_the_core_imports_no_plugin_and_names_no_architecture() -> None:
    plugins = [folder.name for folder in ROOT.glob("plugins/*/src/*") if folder.is_dir()]
    assert plugins
    guilty = [
        f"{path.relative_to(ROOT)}: {plugin}"
        for path in modules_of(PACKAGE)
        for plugin in plugins
        if any(name.partition(".")[0] == plugin for name in imported(path))
    ]
    assert guilty == []


def test_plugins_import_only_public_names_of_the_core() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in sorted(ROOT.glob("plugins/*/src"))
        for path in modules_of(folder)
        for name in imported(path)
        if name.startswith("cellclf.") and name.removeprefix("cellclf.") not in cellclf.__all__
    ]
    assert guilty == []
