"""What a check of the conformance kit is, and what comes of trying one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from cellclf.specs import Spec

__all__ = ["Check", "InapplicableError", "Outcome", "Status", "described", "require_passed"]

Status = Literal["passed", "failed", "skipped"]


class InapplicableError(Exception):
    """A check cannot be tried here; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise that a spec makes, and what tries it.

    Attributes:
        name: A sentence without blanks, such as `pixels_in_declared_range`.
        summary: The promise, in one line.
        run: Reference to `run(trial) -> str | None`, which raises an `AssertionError` where the
            promise is broken, and may return what is worth knowing where it is kept.
        kind: The kind of spec that makes it; `Spec` stands for every kind.
        needs: Names of checks without which this one says nothing: it is tried where they passed.
    """

    name: str
    summary: str
    run: str
    kind: type[Spec] = Spec
    needs: tuple[str, ...] = ()


def described(
    module: str, kind: type[Spec], *promises: tuple[str, str, tuple[str, ...]]
) -> tuple[Check, ...]:
    """Return the checks that one module of the kit tries.

    Args:
        module: Its name below `cellclf.testing`; nothing is imported.
        kind: The kind of spec that makes the promises.
        promises: Name, summary and needs of each; its function has the same name.
    """
    return tuple(
        Check(
            name=name,
            summary=summary,
            run=f"cellclf.testing.{module}:{name}",
            kind=kind,
            needs=needs,
        )
        for name, summary, needs in promises
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one check.

    Attributes:
        subject: What was checked, such as `model 'tiny'`.
        check: Name of the check.
        status: `passed`, `failed`, or `skipped` where it could not be tried.
        message: What is wrong, why it was skipped, or what is worth knowing; may be empty.
        seconds: How long it took.
        error: What was raised where it failed.
    """

    subject: str
    check: str
    status: Status
    message: str = ""
    seconds: float = 0.0
    error: BaseException | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        about = f": {self.message}" if self.message else ""
        return f"{self.subject}, {self.check}, {self.status}{about}"


def require_passed(outcomes: Iterable[Outcome]) -> None:
    """Raise one error that lists every failure; nothing where there is none.

    Raises:
        AssertionError: A check failed.

    Example:
        >>> require_passed([Outcome(subject="model 'tiny'", check="builds", status="passed")])
    """
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if not failed:
        return
    listed = "".join(f"\n  {one.subject}: {one.check}: {one.message}" for one in failed)
    many = "1 check failed" if len(failed) == 1 else f"{len(failed)} checks failed"
    raise AssertionError(f"{many}{listed}") from failed[0].error
