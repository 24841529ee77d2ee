"""`cellclf plugins doctor`: what is wrong with the installed plugins, and what mends it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cellclf.doctor.examination import Examined
    from cellclf.doctor.finding import Diagnosis, Finding

__all__ = ["doctor"]

NOT_WELL = 3
"""Exit status where something is broken: the command itself did its work."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Look for what is wrong with the plugins, and say what mends it.

    Each plugin is imported in a process of its own, so nothing that it does can disturb this one.
    The exit status is 0 where everything works, and 3 where something is broken: a plugin that
    fails or does not fit this version, one that is half removed, lacks what it needs, or refers to
    what is not there. A name that two offer, a slow import and an engine without its runtime are
    warnings.
    """
    from cellclf.doctor.diagnose import diagnose

    diagnosis = diagnose()
    if as_json:
        typer.echo(json.dumps(_described(diagnosis), indent=2))
    else:
        typer.echo("\n".join(_lines(diagnosis)))
    if not diagnosis.healthy:
        raise typer.Exit(NOT_WELL)


def _described(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "healthy": diagnosis.healthy,
        "plugins": [_plugin(one) for one in diagnosis.plugins],
        "environment": dict(diagnosis.environment),
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }


def _plugin(one: Examined) -> dict[str, Any]:
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
    for finding in diagnosis.findings:
        yield ""
        yield from _told(finding)
    yield ""
    yield _verdict(diagnosis)


def _told(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity}: {finding.kind}: {finding.subject}"
    yield f"    {finding.message}"
    if finding.place:
        yield f"    at {finding.place}"
    yield from (f"    $ {remedy}" for remedy in finding.remedies)


def _verdict(diagnosis: Diagnosis) -> str:
    counts = Counter(finding.severity for finding in diagnosis.findings)
    if not counts:
        return "All is well: `cellclf plugins check NAME` tries what a plugin does."
    told = ", ".join(f"{counts[one]} {one}s" if counts[one] != 1 else f"1 {one}" for one in counts)
    return f"{told}. {'Nothing is broken.' if diagnosis.healthy else 'Something is broken.'}"
