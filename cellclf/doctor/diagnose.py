"""The visit of the plugins: what was found, what is wrong with it, and what mends it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from cellclf.doctor.distributions import edited_in, found_distributions, unsound
from cellclf.doctor.environment import environment, unfit
from cellclf.doctor.examination import Examined, examination
from cellclf.doctor.finding import Diagnosis, Finding, Severity, command, setting, without
from cellclf.examining import Plugin
from cellclf.plugin_files import FILES
from cellclf.registry import DISABLE, LOAD, UNKNOWN, found

__all__ = ["SLOW_SECONDS", "diagnose", "worst_first"]

SLOW_SECONDS = 0.25
"""An import that takes longer is felt by whoever asks for `cellclf --help`."""

NEVER_AT_IMPORT = ("jax", "keras", "tensorflow", "torch")
"""What a plugin must not import before it is asked for work: it takes seconds, and the command line
could no longer set a backend up."""

NO_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'")
ORDER: tuple[Severity, ...] = ("error", "warning", "note")


def diagnose() -> Diagnosis:
    """Look at every plugin, each in a process of its own.

    Nothing of a plugin is imported into this process.
    """
    plugins = examination(found())
    findings = [
        *unsound(found_distributions()),
        *(finding for one in plugins for finding in _of(one)),
        *_conflicts(plugins),
        *unfit([one.plugin.name for one in plugins]),
    ]
    return Diagnosis(
        plugins=plugins,
        environment=environment(),
        findings=worst_first(findings),
    )


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, and else in their order."""
    return tuple(sorted(findings, key=lambda one: ORDER.index(one.severity)))


def _of(one: Examined) -> Iterator[Finding]:
    plugin = one.plugin
    if plugin.status == "failed" and plugin.distribution != UNKNOWN:  # that is half removed
        yield _failed(plugin)
    elif plugin.status == "incompatible":
        yield _incompatible(plugin)
    elif plugin.status == "disabled":
        yield Finding(
            kind="disabled",
            severity="note",
            subject=_title(plugin),
            message=plugin.reason,
            remedies=(without(DISABLE if DISABLE in plugin.reason else LOAD),),
        )
    yield from _slow(one)
    for reference in one.missing:
        yield Finding(
            kind="missing reference",
            severity="error",
            subject=_title(plugin),
            message=reference,
            remedies=_again(plugin),
        )
    for message, where in one.deprecated:
        yield Finding(
            kind="deprecated",
            severity="warning",
            subject=_title(plugin),
            message=message,
            place=where,
            remedies=_again(plugin),
        )
    for engine, requires in one.engines.items():
        for distribution in requires:
            if not _is_installed(distribution):
                yield Finding(
                    kind="missing runtime",
                    severity="warning",
                    subject=_title(plugin),
                    message=f"engine {engine!r} cannot be used: {distribution} is not installed",
                    remedies=(command("pip", "install", distribution),),
                )


def _failed(plugin: Plugin) -> Finding:
    lacking = NO_MODULE.match(plugin.reason)
    own = plugin.module.partition(".")[0]
    if lacking and lacking[1].partition(".")[0] == own and plugin.file is None:
        return Finding(
            kind="half removed",
            severity="error",
            subject=_title(plugin),
            message=f"its entry point names {plugin.module!r}, and there is no {lacking[1]!r}",
            remedies=_again(plugin),
        )
    gone = plugin.file is not None and not plugin.sha256
    return Finding(
        kind="failed",
        severity="error",
        subject=_title(plugin),
        message=plugin.reason,
        place=plugin.place or str(plugin.file or ""),
        remedies=(without(FILES),) if gone else (*_again(plugin), *_leave_out(plugin)),
    )


def _incompatible(plugin: Plugin) -> Finding:
    wanted = plugin.reason.partition("it wants ")[2].partition(", this is ")[0]
    newer = command("pip", "install", "--upgrade", plugin.distribution)
    return Finding(
        kind="incompatible",
        severity="error",
        subject=_title(plugin),
        message=plugin.reason,
        remedies=(
            *(_again(plugin) if edited_in(plugin.distribution) else (newer,)),
            command("pip", "install", wanted),
            *_leave_out(plugin),
        ),
    )


def _slow(one: Examined) -> Iterator[Finding]:
    plugin, heavy = one.plugin, ", ".join(one.imported)
    barred = [name for name in one.imported if name in NEVER_AT_IMPORT]
    if not barred and plugin.import_seconds < SLOW_SECONDS:
        return
    brought = f", and brings in {heavy}" if heavy else ""
    import_it = f"import {plugin.module}"
    yield Finding(
        kind="slow import",
        severity="warning",
        subject=_title(plugin),
        message=f"its import takes {plugin.import_seconds:.2f} s{brought}: work belongs into the "
        "module that a spec names, which is imported when it is first used",
        remedies=(command("python", "-X", "importtime", "-c", import_it),),
    )


def _conflicts(plugins: Sequence[Examined]) -> Iterator[Finding]:
    offered: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in plugins:
        for offer in one.offers:
            offered[offer].append(one.plugin.distribution)
    for (kind, name), distributions in offered.items():
        if len(distributions) > 1:
            ways = [f"{distribution}/{name}" for distribution in distributions]
            yield Finding(
                kind="conflict",
                severity="warning",
                subject=f"{kind} {name!r}",
                message=f"is offered by {' and '.join(distributions)}: ask for "
                f"{' or '.join(ways)} wherever {name!r} is meant",
                remedies=tuple(command("cellclf", "plugins", "show", way) for way in ways),
            )


def _title(plugin: Plugin) -> str:
    return f"{plugin.name} of {plugin.distribution} {plugin.version}"


def _again(plugin: Plugin) -> tuple[str, ...]:
    """What brings a plugin back that its author has tested."""
    if plugin.file is not None:
        return (command("cellclf", "plugins", "doctor", "--plugin", str(plugin.file)),)
    if folder := edited_in(plugin.distribution):  # an index may have another one, or none
        return (command("pip", "install", "--editable", folder),)
    return (command("pip", "install", "--upgrade", "--force-reinstall", plugin.distribution),)


def _leave_out(plugin: Plugin) -> tuple[str, ...]:
    """What keeps a package from being loaded; a file is left out by not naming it."""
    return () if plugin.file is not None else (setting(DISABLE, plugin.name),)


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
