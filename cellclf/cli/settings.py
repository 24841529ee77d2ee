"""What the flags of the command line change in an experiment."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from cellclf.errors import ExperimentError, PluginError, Problem
from cellclf.experiment import by_label, read_toml
from cellclf.registry import installed
from cellclf.run_directory import RunDirectory
from cellclf.specs import DatasetSpec

__all__ = ["Asked", "asked_for", "data_flags", "overridden", "quickstart", "resumed"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command is to work on.

    Attributes:
        raw: The experiment as plain tables.
        source: What messages call it.
        is_quickstart: Nothing was named, so it is the quickstart.
    """

    raw: dict[str, Any]
    source: str
    is_quickstart: bool = False

    @property
    def notice(self) -> str:
        """What a person who named nothing should know; empty where something was named."""
        return f"no data was named (--data): this is {self.source}" if self.is_quickstart else ""


def asked_for(experiment: Path | None, flags: Mapping[str, Any], settings: Iterable[str]) -> Asked:
    """Return the experiment that a command names, with its flags and settings laid over it.

    Args:
        experiment: A TOML file.
        flags: As `overridden`; without a file and with none of `data.dataset`, `data.path` and
            `trained_in`, it is the quickstart that they are laid over.
        settings: As `overridden`.

    Raises:
        ExperimentError: The file cannot be read, or a setting has no `=`.
        PluginError: The quickstart is meant, and no installed data set brings one.
    """
    if experiment is not None:
        asked = Asked(raw=read_toml(experiment), source=str(experiment))
    elif flags.get("trained_in") is not None:
        asked = Asked(raw={}, source="the command line")
    elif flags["data.dataset"] is None and flags["data.path"] is None:
        raw, source = quickstart()
        asked = Asked(raw=raw, source=source, is_quickstart=True)
    else:
        asked = Asked(raw={}, source="the command line")
    return replace(asked, raw=overridden(asked.raw, flags, settings))


def resumed(
    directory: Path, experiment: Path | None, flags: Mapping[str, Any], settings: Iterable[str]
) -> Asked:
    """Return the experiment of the run in `directory`, to go on there.

    Args:
        directory: A run directory.
        experiment: As `asked_for`; it must not be given.
        flags: As `asked_for`; none may be given.
        settings: As `asked_for`; none may be given.

    Raises:
        ExperimentError: Something else was given, or the experiment cannot be read.
        RunError: The directory holds no run that could go on.
    """
    given = [name for name, value in flags.items() if value is not None]
    given += ["EXPERIMENT"] * (experiment is not None) + list(settings)
    if given:
        raise ExperimentError(
            [
                Problem(
                    place="--resume",
                    expected="must stand alone: a run goes on as it was begun",
                    received=", ".join(given),
                )
            ]
        )
    run = RunDirectory(directory)
    return Asked(raw=run.experiment(), source=str(run.experiment_file))


def data_flags(dataset: str | None, data: Path | None, group_pattern: str | None) -> dict[str, Any]:
    """Return what the options that choose the data set in an experiment, by dotted key."""
    return {
        "data.dataset": dataset,
        "data.path": None if data is None else str(data),
        "data.group_pattern": group_pattern,
    }


def quickstart() -> tuple[dict[str, Any], str]:
    """Return the experiment of the first installed data set that brings one, and its name.

    Raises:
        PluginError: No installed data set brings one.
    """
    registry = installed()
    for plugin in registry.plugins:
        for spec in plugin.specs:
            if isinstance(spec, DatasetSpec) and spec.quickstart is not None:
                package, _, resource = spec.quickstart.partition(":")
                try:
                    text = files(package).joinpath(resource).read_text(encoding="utf-8")
                    return tomllib.loads(text), f"the quickstart of {plugin.distribution}"
                except Exception as error:
                    raise PluginError(
                        f"the quickstart of {plugin.distribution} cannot be read: {error}"
                    ) from error
    raise PluginError(
        "nothing to run: give an experiment file or --data FOLDER (the quickstart comes with the "
        "package cellclf-blood, which is not installed)"
    )


def overridden(
    raw: Mapping[str, Any], flags: Mapping[str, Any], settings: Iterable[str]
) -> dict[str, Any]:
    """Return the experiment with flags and `key=value` settings laid over it.

    Args:
        raw: The experiment as plain tables; not changed.
        flags: Value by dotted key; `None` leaves what is there.
        settings: `key=value` texts; the value is read as TOML, and as a string where it is none.

    Raises:
        ExperimentError: A setting without `=`.

    Example:
        >>> overridden({"seed": 1}, {"seed": None}, ["training.epochs=3", "data.dataset=csv"])
        {'seed': 1, 'training': {'epochs': 3}, 'data': {'dataset': 'csv'}}
    """
    result = _copied(raw)
    for key, value in flags.items():
        if value is not None:
            _put(result, key, value)
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            wanted = "must look like key=value, such as training.epochs=20"
            raise ExperimentError([Problem(place="--set", expected=wanted, received=text)])
        _put(result, key.strip(), _read(value.strip()))
    return result


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in table.items()}


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for step in path:
        if step == "models":
            table[step] = _models(table.get(step, {}))
        inner = table.setdefault(step, {})
        if not isinstance(inner, dict):
            wanted = f"cannot be set: {step!r} is no table in this experiment"
            raise ExperimentError([Problem(place=key, expected=wanted)])
        table = inner
    table[last] = value


def _models(given: Any) -> Any:
    try:
        return by_label(given)
    except ValueError as error:
        raise ExperimentError([Problem(place="models", expected=str(error))]) from None


def _read(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
