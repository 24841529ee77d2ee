"""`cellclf plugins doctor`: what is wrong with the installed plugins, and what mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.findings import finding_lines, verdict
from cellclf.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from cellclf.doctor.examination import Examined
    from cellclf.doctor.finding import Diagnosis

__all__ = ["plugin_described", "plugins_doctor"]


def plugins_doctor(as_json: JsonOption = False) -> None:
    """Look for what is wrong with the plugins, and say what mends it.

    Each plugin is imported in a process of its own, so nothing that it does can disturb this one.
    The exit status is 0 where everything works, and 3 where something is broken: a plugin that
    fails or does not fit this version, one that is half removed, lacks what it needs, or refers to
    what is not there. A name that two offer, a slow import and an engine without its runtime are
    warnings. `cellclf doctor` looks at the rest of the installation too.

    \b
    cellclf plugins doctor
    cellclf plugins doctor --json
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.doctor.diagnose import diagnose

    diagnosis = diagnose()
    if as_json:
        print_json(_described(diagnosis))
    else:
        typer.echo("\n".join(_lines(diagnosis)))
    if not diagnosis.healthy:
        raise typer.Exit(ExitCode.NOT_REACHED)


def _described(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "healthy": diagnosis.healthy,
        "plugins": [plugin_described(one) for one in diagnosis.plugins],
        "environment": dict(diagnosis.environment),
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }


def plugin_described(one: Examined) -> dict[str, Any]:
    """Return what is known of a plugin, as plain values."""
    plugin = one.plugin
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "file": None if plugin.file is None else str(plugin.file),
        "status": plugin.status,
        "reason": plugin.reason,
        "place": plugin.place,
        "offers": [list(offer) for offer in one.offers],
        "import_seconds": round(plugin.import_seconds, 4),
        "imported": list(one.imported),
    }


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield "Plugins, each imported by itself:"
    for one in diagnosis.plugins:
        plugin = one.plugin
        took = f"  {plugin.import_seconds * 1000:.0f} ms" if plugin.import_seconds else ""
        brings = f" with {', '.join(one.imported)}" if one.imported else ""
        offers = Counter(kind for kind, _ in one.offers)
        counted = ", ".join(f"{number} {kind}" for kind, number in offers.items())
        head = f"  {plugin.name}  {plugin.distribution} {plugin.version}  {plugin.status}"
        yield f"{head}{took}{brings}{f'  ({counted})' if counted else ''}"
    if diagnosis.environment:
        yield "Set in the environment:"
        yield from (f"  {name}={value}" for name, value in diagnosis.environment.items())
    yield from finding_lines(diagnosis.findings)
    yield ""
    yield verdict(
        diagnosis.findings,
        well="All is well: `cellclf plugins check NAME` tries what a plugin does.",
    )
