from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from cellclf.cli.main import app
from tests.cli.command_tree import commands

COMMANDS = dict(commands())


def examples(command: Any) -> list[str]:
    """The commands that a help shows, without what a shell does with their output."""
    lines = [line.strip() for line in command.help.splitlines()]
    return [re.sub(r" > \S+\.json$", "", line) for line in lines if line.startswith("cellclf ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_how_it_is_used(name: str) -> None:
    assert any(line.startswith(f"cellclf {name}") for line in examples(COMMANDS[name]))


SHOWN = [
    line
    for command in (*COMMANDS.values(), typer.main.get_command(app))
    for line in examples(command)
]


@pytest.mark.parametrize("line", SHOWN)
def test_every_example_is_a_command_as_it_may_be_given(line: str) -> None:
    words = shlex.split(line)[1:]
    name = next(name for name in COMMANDS if words[: len(name.split())] == name.split())
    rest = words[len(name.split()) :]
    COMMANDS[name].make_context(name, rest).close()
