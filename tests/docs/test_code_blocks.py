"""No code of a page goes unread: what is not run is at least parsed, and says why it is not run."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from cellclf.cli.main import app
from tests.docs.snippets import (
    FENCE,
    PAGES,
    ROOT,
    Snippet,
    every_snippet,
    snippets,
    title_of,
)

LANGUAGES = ("bat", "json", "python", "sh", "text", "toml")
CODE = re.compile(
    r"^(?:\$ )?(?:cellclf|pip|python3?|make|git|export) \S|^import \w|^from \S+ import |^def \w",
    re.MULTILINE,
)
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def blocks(*languages: str) -> list[Any]:
    """Every block of every page in one of some languages, run or not."""
    return [
        pytest.param(block, id=f"{title_of(page)}-{number}")
        for page in PAGES
        for number, block in enumerate(every_snippet(page), start=1)
        if block.language in languages
    ]


@pytest.mark.parametrize("page", PAGES, ids=title_of)
def test_every_block_says_in_which_language_it_is_and_ends(page: Path) -> None:
    fences = re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE)
    found = every_snippet(page)
    assert len(fences) == 2 * len(found)
    assert {block.language for block in found} <= set(LANGUAGES)


@pytest.mark.parametrize("block", blocks("text"))
def test_no_code_is_hidden_in_a_block_of_plain_text(block: Snippet) -> None:
    assert CODE.findall(block.text) == []


@pytest.mark.parametrize("block", blocks("sh", "bat"))
def test_every_command_is_one_that_the_command_line_understands(block: Snippet) -> None:
    for arguments in block.arguments:
        parsed(arguments)


def parsed(arguments: list[str]) -> None:
    """Hand arguments to the real commands, down to the last, without running any."""
    command, name = typer.main.get_command(app), "cellclf"
    context = None
    while True:
        context = command.make_context(name, list(arguments), parent=context)
        if not hasattr(command, "resolve_command"):
            return
        name, command, arguments = command.resolve_command(context, rest_of(context))


def rest_of(context: Any) -> list[str]:
    """What a group has not used of its arguments."""
    return [*getattr(context, "_protected_args", ()), *context.args]


@pytest.mark.parametrize(
    "arguments", [["rum"], ["run", "--epoch", "3"], ["cache", "list", "--jso"]]
)
def test_a_command_that_does_not_exist_is_not_understood(arguments: list[str]) -> None:
    with pytest.raises(Exception, match="No such"):
        parsed(arguments)


@pytest.mark.parametrize("block", blocks("sh"))
def test_every_file_and_target_that_a_command_names_is_there(block: Snippet) -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    for line in block.lines:
        words = line.partition(" #")[0].split()
        if words[0] == "make":
            assert set(words[1:]) <= set(targets), line
        for word in words:
            if word.startswith(("examples/", "benchmarks/", "plugins/", "requirements")):
                assert (ROOT / word).exists(), line


@pytest.mark.parametrize("block", blocks("python"))
def test_all_python_can_be_read(block: Snippet) -> None:
    compile(block.text, "page", "exec")


@pytest.mark.parametrize("block", blocks("toml"))
def test_all_toml_can_be_read(block: Snippet) -> None:
    tomllib.loads(block.text)


@pytest.mark.parametrize("block", blocks("json"))
def test_all_json_can_be_read(block: Snippet) -> None:
    json.loads(block.text)


def test_a_block_that_is_marked_is_not_run_and_keeps_its_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: no network -->\n```sh\ncellclf fetch \\\n  malaria\n```\n")
    (block,) = every_snippet(page)
    assert block.not_run == "no network"
    assert block.arguments == (["fetch", "malaria"],)
    assert snippets(page, "sh") == ()


@pytest.mark.parametrize("page", PAGES, ids=title_of)
def test_every_mark_stands_right_above_a_block(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    marked = [found for found in FENCE.finditer(text) if found["reason"]]
    assert len(marked) == len(re.findall(r"<!-- not run: ", text))
