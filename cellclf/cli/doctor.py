"""`cellclf doctor`: what is wrong with the installation, and what mends it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.findings import finding_lines, verdict
from cellclf.cli.output import JsonOption, in_gigabytes, in_megabytes, print_json
from cellclf.cli.plugins_doctor import plugin_described
from cellclf.terms import NO_BREAK

if TYPE_CHECKING:
    from cellclf.doctor.checkup import Checkup

__all__ = ["doctor"]

WIDTH = 96


def doctor(
    devices: Annotated[
        bool,
        typer.Option(
            "--devices/--no-devices",
            help="Ask the backend what it can compute on, which takes seconds.",
        ),
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Look at the whole installation, and say what mends what is broken.

    Versions, processors and memory, the backend and its devices, the cache and the room for it, and
    the plugins with all that `cellclf plugins doctor` finds. The backend and each plugin are
    imported in processes of their own. Please add what it prints when you report a fault.

    The exit status is 0 where everything that is needed works, and 3 where something is broken.

    \b
    cellclf doctor
    cellclf doctor --no-devices
    cellclf doctor --json
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.doctor.checkup import check_up

    with command_progress() as progress:
        if devices:
            progress.say("Asking the backend for its devices")
        found = check_up(devices=devices)
    if as_json:
        print_json(_described(found))
    else:
        typer.echo("\n".join(_lines(found)))
    if not found.healthy:
        raise typer.Exit(ExitCode.NOT_REACHED)


def _described(found: Checkup) -> dict[str, Any]:
    return {
        "healthy": found.healthy,
        "version": found.version,
        "python": found.python,
        "system": found.system,
        "versions": dict(found.versions),
        "machine": asdict(found.machine),
        "backend": asdict(found.backend),
        "cache": {**asdict(found.cache), "folder": str(found.cache.folder)},
        "environment": dict(found.plugins.environment),
        "plugins": [plugin_described(one) for one in found.plugins.plugins],
        "findings": [asdict(finding) for finding in found.findings],
    }


def _lines(found: Checkup) -> Iterator[str]:
    yield f"cellclf {found.version}, {found.python}, {found.system}"
    yield from _wrapped(f"{name}{NO_BREAK}{text}" for name, text in found.versions.items())
    yield f"Machine: {_machine(found)}"
    yield from _backend(found)
    yield f"Cache: {_cache(found)}"
    statuses = Counter(one.plugin.status for one in found.plugins.plugins)
    yield f"Plugins: {', '.join(f'{count} {status}' for status, count in statuses.items())}"
    if found.plugins.environment:
        yield "Set in the environment:"
        yield from (f"  {name}={value}" for name, value in found.plugins.environment.items())
    yield from finding_lines(found.findings)
    yield ""
    yield verdict(found.findings, well="All is well.")


def _wrapped(words: Iterable[str]) -> Iterator[str]:
    """Set words with commas between in lines, none of them broken."""
    text = ", ".join(words)
    for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False):
        yield f"  {line.replace(NO_BREAK, ' ')}"


def _machine(found: Checkup) -> str:
    here = found.machine
    memory = "memory not known" if here.memory is None else f"{in_gigabytes(here.memory)} of memory"
    used = f"{here.processors} of {here.processors_in_all} processors"
    return f"{used} ({here.processor}), {memory}"


def _backend(found: Checkup) -> Iterator[str]:
    used = found.backend
    yield f"Backend: {used.said or f'{used.name} {used.version}'.strip() or 'none'}"
    if used.devices:
        yield f"  devices: {', '.join(used.devices)}"


def _cache(found: Checkup) -> str:
    place = found.cache
    free = "" if place.free is None else f"; {in_gigabytes(place.free)} free there"
    return f"{place.folder}: {place.entries} entries, {in_megabytes(place.bytes)}{free}"
