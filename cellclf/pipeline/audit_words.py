"""What a run says of its audit: a short line a kind, and the command that shows the pictures."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from cellclf.auditing.audit import Audit
from cellclf.auditing.findings import Finding, FindingKind
from cellclf.checking import Plan
from cellclf.settings import DataSettings
from cellclf.settings_text import toml_value
from cellclf.terms import first_few

__all__ = ["audit_command", "audit_warnings", "name_of"]

ABOUT_FILES: Mapping[FindingKind, tuple[str, str]] = {
    "unreadable": (
        "image cannot be read and is left out",
        "images cannot be read and are left out",
    ),
    "suspicious": ("file may not be what it seems", "files may not be what they seem"),
    "near_duplicate": ("", "images are copies of others, or overlap with them"),
    "label_conflict": ("", "images have copies under another label, and are left out"),
}
"""By kind, what is said of one file and of several; there are always several copies."""

ABOUT_CLASSES: Mapping[FindingKind, str] = {
    "small_class": ": ",
    "few_sources": ", worth",
    "background_shortcut": " (95 %",
}
"""Kinds of which each finding is about a class or the set: its own words are said, up to these."""

NAMED = 2
"""Files or classes of a kind that a line names; the rest are counted."""


def audit_warnings(found: Audit) -> Iterator[str]:
    """Yield one short line for each kind of finding that a person should look at.

    Args:
        found: What the audit found; notes are passed over.
    """
    for kind, (one, several) in ABOUT_FILES.items():
        files = sorted({name for finding in _serious(found, kind) for name in finding.files})
        if files:
            said = one if len(files) == 1 else several
            yield f"{len(files):,} {said}: {first_few(files, most=NAMED)}"
    for kind, end in ABOUT_CLASSES.items():
        details = [finding.detail.partition(end)[0] for finding in _serious(found, kind)]
        if details:
            yield first_few(details, most=NAMED, separator="; ")


def _serious(found: Audit, kind: FindingKind) -> list[Finding]:
    return [finding for finding in found.of_kind(kind) if finding.severity != "note"]


def name_of(plan: Plan) -> str:
    """Return what the data set of an experiment is called: its folder or file, or the dataset."""
    path = plan.experiment.data.path
    return path.name if path is not None and path.name else plan.dataset.spec.name


def audit_command(plan: Plan, *, page: str = "audit.html") -> str:
    """Return the command that audits the data of an experiment and draws the page with pictures.

    Args:
        plan: The experiment; what is set otherwise than by default is in the command.
        page: Where the page is written to.

    Returns:
        One line for the shell of this system.
    """
    data = plan.experiment.data
    words = ["cellclf", "audit", "--dataset", data.dataset]
    if data.path is not None:
        words += ["--data", str(data.path)]
    if data.group_pattern is not None:
        words += ["--group-pattern", data.group_pattern]
    for key, value in _changed(plan).items():
        words += ["--set", f"data.{key}={toml_value(value)}"]
    words += ["--page", page]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _changed(plan: Plan) -> dict[str, Any]:
    """Settings of the data that decide which images there are and what belongs together."""
    data, default = plan.experiment.data, DataSettings()
    params = plan.dataset.params.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    found = {f"params.{name}": value for name, value in params.items()}
    for table in ("group_table", "classes"):
        given, usual = getattr(data, table), getattr(default, table)
        for name in type(given).model_fields:
            if getattr(given, name) != getattr(usual, name):
                found[f"{table}.{name}"] = getattr(given, name)
    return found
