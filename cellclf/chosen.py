"""One thing that a plugin offers, with the parameters that were chosen for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar

from cellclf.errors import CellclfError, PluginError, sentences
from cellclf.registry import PLUGIN_ERRORS
from cellclf.specs import Params, Spec, resolve

__all__ = ["Chosen", "blamed"]

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, kw_only=True)
class Chosen(Generic[SpecT]):
    """A spec, whose it is, and the parameters it was given."""

    spec: SpecT
    params: Params
    distribution: str
    version: str

    @property
    def called(self) -> str:
        """What messages call it, such as `callback 'csv' of somebody 1.0`."""
        return f"{self.spec.kind} {self.spec.name!r} of {self.distribution} {self.version}"

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters in full, as plain values."""
        return self.params.model_dump(mode="json", exclude_none=True)

    def function(self, field: str) -> Callable[..., Any]:
        """Import the function that a field of the spec, such as `load`, refers to.

        When it is called, the plugin is `blamed` for what it raises.

        Raises:
            PluginError: It cannot be imported.
        """
        work = resolve(getattr(self.spec, field))

        @wraps(work)
        def call(*arguments: Any, **named: Any) -> Any:
            with blamed(f"`{field}` of the {self.called}"):
                return work(*arguments, **named)

        return call


@contextmanager
def blamed(what: str, *, advice: str = "") -> Iterator[None]:
    """Run code of a plugin in a block, so that a fault of its is said to be its own.

    What is a `CellclfError` already is let through, and so is everything where
    `CELLCLF_PLUGIN_ERRORS` is `raise`, for the plugin's author.

    Args:
        what: What the message says has failed.
        advice: What the message says besides.

    Raises:
        PluginError: The block raised something else.

    Example:
        >>> with blamed("`load` of the dataset 'cells' of somebody 1.0"):  # doctest: +ELLIPSIS
        ...     1 / 0
        Traceback (most recent call last):
        cellclf.errors.PluginError: `load` of the dataset 'cells' of somebody 1.0 failed: ...
    """
    try:
        yield
    except CellclfError:
        raise
    except Exception as error:
        if os.environ.get(PLUGIN_ERRORS) == "raise":
            raise
        said = f"{what} failed: {type(error).__name__}: {error}"
        fault = f"This is a fault of the plugin; {PLUGIN_ERRORS}=raise shows where"
        raise PluginError(sentences(said, fault, *filter(None, [advice]))) from error
