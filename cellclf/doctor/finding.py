"""What the doctor says: findings, each with the commands that mend it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cellclf.doctor.examination import Examined

__all__ = ["Diagnosis", "Finding", "Severity", "command", "healthy", "setting", "without"]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or that a person might wonder about.

    Attributes:
        kind: What it is, in a word or two.
        severity: `error` where something does not work; `warning` where it may not, or is slow;
            `note` where a person has wanted it so.
        subject: The plugin, distribution, variable or folder that it is about.
        message: What is the matter.
        place: File and line of the plugin's own code, or a folder; empty where there is none.
        remedies: Commands that mend it, best first.
    """

    kind: str
    severity: Severity
    subject: str
    message: str
    place: str = ""
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found, worst first.

    Attributes:
        plugins: Every plugin, as a process of its own found it.
        environment: The variables that are set and change what is found or used.
        findings: What is wrong.
    """

    plugins: tuple[Examined, ...]
    environment: Mapping[str, str]
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether everything works that is meant to."""
        return healthy(self.findings)


def healthy(findings: Iterable[Finding]) -> bool:
    """Whether nothing is broken."""
    return all(finding.severity != "error" for finding in findings)


def command(*words: str) -> str:
    """Return a command as it is typed into a shell."""
    return shlex.join(words)


def setting(variable: str, value: str) -> str:
    """Return the command that sets a variable of the environment."""
    if os.name == "nt":
        return f"set {variable}={value}"
    return f"export {variable}={shlex.quote(value)}"


def without(variable: str) -> str:
    """Return the command that takes a variable out of the environment."""
    return f"set {variable}=" if os.name == "nt" else f"unset {variable}"
