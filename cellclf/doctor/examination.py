"""Every plugin imported in a process of its own, so that none can spoil, slow or end this one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from cellclf.doctor.processes import NoAnswerError, asked
from cellclf.examining import Plugin

__all__ = ["Examined", "examination"]


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A plugin and what came of it in a process of its own.

    Attributes:
        plugin: The plugin, its status and why; it has no specs, which stay in their process.
        offers: Kind and name of all that it offers.
        engines: Distributions that each of its engines computes with, by its name.
        imported: Heavy modules that its import brought in.
        missing: What its specs refer to that is not there, a sentence each.
        deprecated: What it uses that the next minor version may not have, and where it does.
    """

    plugin: Plugin
    offers: tuple[tuple[str, str], ...] = ()
    engines: Mapping[str, tuple[str, ...]]
    imported: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    deprecated: tuple[tuple[str, str], ...] = ()


def examination(plugins: Iterable[Plugin]) -> tuple[Examined, ...]:
    """Examine the plugins that are in order so far; the others are returned as they are."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return tuple(pool.map(_examined, plugins))


def _examined(plugin: Plugin) -> Examined:
    if plugin.status != "ok":
        return Examined(plugin=plugin, engines={})
    try:
        answer = asked("cellclf.doctor.child", _described(plugin))
    except NoAnswerError as error:
        return _failed(plugin, f"its import {error}")
    known = {name: answer[name] for name in ("status", "reason", "place", "import_seconds")}
    return Examined(
        plugin=replace(plugin, **known),
        offers=tuple((kind, name) for kind, name in answer["offers"]),
        engines={name: tuple(requires) for name, requires in answer["engines"].items()},
        imported=tuple(answer["imported"]),
        missing=tuple(answer["missing"]),
        deprecated=tuple((message, place) for message, place in answer["deprecated"]),
    )


def _described(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "module": plugin.module,
        "file": None if plugin.file is None else str(plugin.file),
    }


def _failed(plugin: Plugin, reason: str) -> Examined:
    return Examined(plugin=replace(plugin, status="failed", reason=reason), engines={})
