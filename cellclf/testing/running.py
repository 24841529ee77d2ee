"""Trying the checks of one spec, each by itself."""

from __future__ import annotations

import sys
import time

from cellclf.errors import CellclfError
from cellclf.network.backend import prepare_backend
from cellclf.specs import CallbackSpec, EngineSpec, ModelSpec, PretrainedSpec, resolve
from cellclf.testing.catalogue import named
from cellclf.testing.check import Check, InapplicableError, Outcome, Status
from cellclf.testing.trial import Trial

__all__ = ["Running"]


class Running:
    """The checks of one spec as far as they were tried: none is tried twice.

    Keras is set up as the command line sets it up, where the checks need it and it is not imported.

    Args:
        trial: The spec, and how it is tried.
    """

    def __init__(self, trial: Trial) -> None:
        needs_keras = isinstance(trial.spec, ModelSpec | CallbackSpec | EngineSpec | PretrainedSpec)
        if needs_keras and "keras" not in sys.modules:
            prepare_backend()
        self._trial = trial
        self._outcomes: dict[str, Outcome] = {}

    def outcome(self, check: Check) -> Outcome:
        """Try a check, after those that it needs; whatever goes wrong becomes its outcome."""
        if check.name not in self._outcomes:
            self._outcomes[check.name] = self._tried(check)
        return self._outcomes[check.name]

    def _tried(self, check: Check) -> Outcome:
        for name in check.needs:
            needed = self.outcome(named(name))
            if needed.status != "passed":
                failed = needed.status == "failed"
                why = f"because `{name}` failed" if failed else needed.message
                return self._said(check, "skipped", why)
        began = time.perf_counter()
        try:
            said = resolve(check.run)(self._trial) or ""
        except InapplicableError as reason:
            return self._said(check, "skipped", str(reason), began)
        except (AssertionError, CellclfError) as error:
            return self._said(check, "failed", str(error), began, error)
        except Exception as error:  # the plugin's own fault, whatever it is
            message = f"{self._trial.subject} raised {type(error).__name__}: {error}"
            return self._said(check, "failed", message, began, error)
        return self._said(check, "passed", said, began)

    def _said(
        self,
        check: Check,
        status: Status,
        message: str,
        began: float | None = None,
        error: Exception | None = None,
    ) -> Outcome:
        return Outcome(
            subject=self._trial.subject,
            check=check.name,
            status=status,
            message=message,
            seconds=0.0 if began is None else time.perf_counter() - began,
            error=error,
        )
