"""Every check of the conformance kit, and which of them apply to a spec."""

from __future__ import annotations

from cellclf.errors import PluginError, hint
from cellclf.specs import Spec
from cellclf.testing.augmentations.promises import PROMISES as AUGMENTATIONS
from cellclf.testing.callbacks.promises import PROMISES as CALLBACKS
from cellclf.testing.check import Check
from cellclf.testing.datasets.promises import PROMISES as DATASETS
from cellclf.testing.engines.promises import PROMISES as ENGINES
from cellclf.testing.every_spec.promises import PROMISES as EVERY_SPEC
from cellclf.testing.metrics.promises import PROMISES as METRICS
from cellclf.testing.models.promises import PROMISES as MODELS
from cellclf.testing.pretrained.promises import PROMISES as PRETRAINED

__all__ = ["CHECKS", "checks_for", "named"]

CHECKS: tuple[Check, ...] = (
    *EVERY_SPEC,
    *DATASETS,
    *AUGMENTATIONS,
    *MODELS,
    *METRICS,
    *CALLBACKS,
    *ENGINES,
    *PRETRAINED,
)
"""Every check there is; within a kind each stands after those that it needs."""

_BY_NAME = {check.name: check for check in CHECKS}


def checks_for(spec: Spec | type[Spec]) -> tuple[Check, ...]:
    """Return the checks that apply to a spec, or to a kind of spec.

    Example:
        >>> from cellclf import MetricSpec
        >>> checks_for(MetricSpec)[0].name
        'summary_is_one_line'
    """
    kind = spec if isinstance(spec, type) else type(spec)
    return tuple(check for check in CHECKS if issubclass(kind, check.kind))


def named(name: str) -> Check:
    """Return the check of that name.

    Raises:
        PluginError: There is none.
    """
    if name not in _BY_NAME:
        raise PluginError(f"no check is called {name!r}.{hint(name, sorted(_BY_NAME))}")
    return _BY_NAME[name]
