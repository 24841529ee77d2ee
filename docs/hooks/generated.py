"""Pages that are generated from the code when the site is built, so that they cannot go stale.

A page says where by a line such as `<!-- generated: experiment -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cellclf.cli.main import app
from cellclf.experiment import Experiment
from cellclf.registry import HOOKS, Offer, installed
from cellclf.settings_text import default_in_words, kind_in_words
from cellclf.specs import Spec
from cellclf.testing import CHECKS

__all__ = ["checks", "command_line", "experiment", "offers", "on_page_markdown"]

MARKER = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
PLURALS = {"pretrained": "Pretrained models"}
"""What several of a kind are called, where that is not its name with an s."""
NOTE = re.compile(r"^\*The site fills this page from the code:.*\*\n\n", re.MULTILINE)
"""What such a page says to whoever reads it as a file, and not on the site."""
NO_REWRAP = "\b"
"""What stands before lines of help that are shown as they are."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every marker of a page by what it names; mkdocs calls this for each page."""
    return MARKER.sub(lambda found: GENERATORS[found[1]](), NOTE.sub("", markdown))


def experiment() -> str:
    """Every setting of an experiment, a section for each of its tables."""
    return "\n".join(_tables(Experiment, ()))


def command_line() -> str:
    """Every command with its arguments and options."""
    return "\n".join(_commands(typer.main.get_command(app), ("cellclf",)))


def offers() -> str:
    """Every name that the core and the first-party plugins offer, with its parameters."""
    registry = installed()
    lines: list[str] = []
    for kind in HOOKS.values():
        lines += [f"## {_plural(kind)}", ""]
        offered = [registry.offer(kind, name) for name in registry.names(kind)]
        for offer in offered:
            if offer.distribution.partition("-")[0] == "cellclf":
                lines += _offer(offer)
    return "\n".join(lines)


def checks() -> str:
    """Every check of the conformance kit, by the kind of spec that it applies to."""
    lines: list[str] = []
    for kind in (Spec, *HOOKS.values()):
        title = "Every plugin" if kind is Spec else _plural(kind)
        lines += [f"### {title}", "", "| check | what is promised |", "| --- | --- |"]
        lines += [f"| `{one.name}` | {_cell(one.summary)} |" for one in CHECKS if one.kind is kind]
        lines.append("")
    return "\n".join(lines)


GENERATORS = {
    "experiment": experiment,
    "command-line": command_line,
    "offers": offers,
    "checks": checks,
}


def _plural(kind: type[Spec]) -> str:
    return PLURALS.get(kind.kind, f"{kind.kind.capitalize()}s")


def _tables(model: type[BaseModel], place: tuple[str, ...]) -> Iterator[str]:
    yield f"## `[{'.'.join(place)}]`" if place else "## Top level"
    yield ""
    yield f"{(model.__doc__ or '').strip().splitlines()[0]}"
    yield ""
    inner: list[tuple[type[BaseModel], tuple[str, ...]]] = []
    own: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        annotation = _bare(field.annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            inner.append((annotation, (*place, name)))
            continue
        own[name] = field
        if (chosen := _table_of(annotation)) is not None:
            inner.append((chosen, (*place, name, "LABEL")))
    yield from _settings(own)
    for model_below, place_below in inner:
        yield from _tables(model_below, place_below)


def _settings(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield "| setting | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields.items():
        default = default_in_words(field)
        if not field.is_required() and field.default is not None:
            default = f"`{default}`"
        meaning = _cell(field.description or "")
        yield f"| `{name}` | {_cell(kind_in_words(field))} | {default} | {meaning} |"
    yield ""


def _table_of(annotation: Any) -> type[BaseModel] | None:
    """The model of each value, where the setting is a table of them by label."""
    if get_origin(annotation) is not dict:
        return None
    value = get_args(annotation)[1]
    return value if isinstance(value, type) and issubclass(value, BaseModel) else None


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    below = getattr(command, "commands", {})
    yield f"{'#' * (len(path) + 1)} `{' '.join(path)}`"
    yield ""
    yield from _help(command.help or "")
    options = [p for p in command.params if p.opts[0].startswith("-") and not p.hidden]
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    if arguments:
        yield "| argument | meaning |"
        yield "| --- | --- |"
        for argument in arguments:
            many = " (one or more)" if argument.nargs == -1 else ""
            optional = "" if argument.required else " (may be left out)"
            yield f"| `{argument.name.upper()}`{many}{optional} | {_cell(argument.help or '')} |"
        yield ""
    yield "| option | meaning |"
    yield "| --- | --- |"
    for option in options:
        is_flag = getattr(option, "is_flag", False)
        value = "" if is_flag else f" {option.metavar or 'VALUE'}"
        names = ", ".join(f"`{name}{value}`" for name in (*option.opts, *option.secondary_opts))
        is_told = not is_flag and isinstance(option.default, str | int | float | PurePath)
        default = f" [{option.default}]" if is_told and f"{option.default}" else ""
        yield f"| {names} | {_cell(option.help or '')}{default} |"
    yield "| `--help` | Print the help of the command. |"
    yield ""
    for name, inner in below.items():
        yield from _commands(inner, (*path, name))


def _help(text: str) -> Iterator[str]:
    """Paragraphs as they are; paragraphs of examples as code."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(NO_REWRAP):
            yield "```text"
            yield paragraph.removeprefix(NO_REWRAP).strip("\n")
            yield "```"
        else:
            yield paragraph
        yield ""


def _offer(offer: Offer) -> Iterator[str]:
    spec = offer.spec
    yield f"### `{spec.name}` {{ #{spec.kind}-{spec.name} }}"
    yield ""
    summary = spec.summary[:1].upper() + spec.summary[1:]
    yield f"{summary.rstrip('.')}. From `{offer.distribution}`."
    yield ""
    if spec.params.model_fields:
        yield from _settings(spec.params.model_fields)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("|", r"\|")
