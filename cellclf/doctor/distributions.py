"""What is wrong with how plugins are installed, seen without importing them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    distributions,
    version,
)
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from cellclf.doctor.finding import Finding, command
from cellclf.examining import CORE
from cellclf.registry import GROUP

__all__ = [
    "Found",
    "core_distribution",
    "edited_in",
    "found_distributions",
    "requirement_problem",
    "unmet",
    "unsound",
]

LEFT_BY_PIP = "~"
"""How the name of a folder begins that pip moved aside and did not come to remove."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One folder of metadata that brings plugins.

    Attributes:
        name: What pip calls the distribution; empty where that is lost.
        version: Its version; empty where that is lost.
        folder: The folder with its metadata.
        requires: What it needs, as it says it.
    """

    name: str
    version: str
    folder: str
    requires: tuple[str, ...]

    @property
    def guessed_name(self) -> str:
        """Its name, or what is left of that in the name of its folder."""
        stem = self.folder.replace("\\", "/").rpartition("/")[2].partition("-")[0]
        return self.name or stem.lstrip(LEFT_BY_PIP).replace("_", "-")


def found_distributions() -> tuple[Found, ...]:
    """Return every distribution on the path that brings plugins, hidden ones too, in its order."""
    every = {one.folder: one for one in map(_found, _with_plugins())}
    return tuple(every.values())


def core_distribution() -> Found | None:
    """Return the distribution that cellclf itself is; `None` where it runs without being one."""
    try:
        return _found(distribution(CORE))
    except PackageNotFoundError:
        return None


def unsound(every: Iterable[Found]) -> Iterator[Finding]:
    """Say which are half removed, installed twice, or lack what they need."""
    by_name: dict[str, list[Found]] = defaultdict(list)
    for one in every:
        if not one.name or one.folder.replace("\\", "/").rpartition("/")[2].startswith(LEFT_BY_PIP):
            yield _half_removed(one)
        else:
            by_name[canonicalize_name(one.name)].append(one)
    for same in by_name.values():
        if len(same) > 1:
            yield _twice(same)
        yield from unmet(same[0])


def unmet(one: Found) -> Iterator[Finding]:
    """Say which requirements of a distribution are not met."""
    for line in one.requires:
        try:
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        except (InvalidRequirement, ValueError, ArithmeticError) as error:
            yield _unreadable(one, line, error)
            continue
        # What it says of cellclf itself is its status: `incompatible`.
        if not wanted or canonicalize_name(requirement.name) == CORE:
            continue
        if problem := requirement_problem(requirement):
            yield Finding(
                kind="requirement",
                severity="error",
                subject=one.name,
                message=problem,
                remedies=(command("pip", "install", f"{requirement.name}{requirement.specifier}"),),
            )


def edited_in(name: str) -> str:
    """Return the folder that a distribution is worked on in, installed with `pip install -e`.

    Args:
        name: What pip calls it.

    Returns:
        The folder; empty where it is installed otherwise, or not at all.
    """
    try:
        origin = json.loads(distribution(name).read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            return url2pathname(urlsplit(origin["url"]).path)
    except (PackageNotFoundError, ValueError, KeyError, AttributeError):
        pass
    return ""


def requirement_problem(requirement: Requirement) -> str:
    """Say that a requirement is not met, or nothing where it is."""
    try:
        there = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(there, prereleases=True):
        return ""
    return f"{requirement.name} {there} is installed, it needs {requirement.specifier}"


def _with_plugins() -> Iterator[Distribution]:
    for one in distributions():
        try:
            if any(entry.group == GROUP for entry in one.entry_points):
                yield one
        except Exception:  # noqa: S112  entry points that cannot be read bring no plugin
            continue


def _found(one: Distribution) -> Found:
    folder = str(getattr(one, "_path", ""))
    try:
        metadata = one.metadata
        return Found(
            name=metadata["Name"] or "",
            version=metadata["Version"] or "",
            folder=folder,
            requires=tuple(one.requires or ()),
        )
    except Exception:  # what cannot be read is half removed too
        return Found(name="", version="", folder=folder, requires=())


def _half_removed(one: Found) -> Finding:
    return Finding(
        kind="half removed",
        severity="error",
        subject=one.guessed_name,
        message="its entry points are there, but its metadata is what an uninstallation left over",
        place=one.folder,
        remedies=(
            command("rm", "-r", one.folder),
            command("pip", "install", "--force-reinstall", one.guessed_name),
        ),
    )


def _twice(same: list[Found]) -> Finding:
    first, *hidden = same
    others = ", ".join(f"{one.version} in {one.folder}" for one in hidden)
    return Finding(
        kind="installed twice",
        severity="warning",
        subject=first.name,
        message=f"version {first.version} is used, and hides {others}",
        place=first.folder,
        remedies=(
            command("pip", "uninstall", "--yes", first.name),
            command("pip", "install", "--force-reinstall", first.name),
        ),
    )


def _unreadable(one: Found, line: str, error: Exception) -> Finding:
    return Finding(
        kind="requirement",
        severity="error",
        subject=one.name,
        message=f"{line!r} cannot be read as a requirement: {error}",
        place=one.folder,
        remedies=(command("pip", "install", "--upgrade", one.name),),
    )
