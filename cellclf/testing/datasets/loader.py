"""A dataset under test: its description, its parameters, and what `load` says to a place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellclf.data.samples import Samples
from cellclf.errors import DataError
from cellclf.specs import DatasetSpec, Params, resolve

__all__ = ["Loader"]


@dataclass(frozen=True, kw_only=True)
class Loader:
    """One dataset with the parameters that it is tried with."""

    spec: DatasetSpec
    params: Params

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"dataset {self.spec.name!r}"

    @property
    def function(self) -> Callable[..., Any]:
        """Its `load`."""
        return resolve(self.spec.load)

    def load(self, root: Path | None) -> Samples:
        """Read `root`.

        Raises:
            AssertionError: It is refused, or something else than samples comes back.
        """
        try:
            loaded = self.function(self.params, root=root)
        except Exception as error:
            raise AssertionError(
                f"`load` of {self.name} must read {root}. Received: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(loaded, Samples):
            raise AssertionError(
                f"`load` of {self.name} must return cellclf.Samples. "
                f"Received: {type(loaded).__name__}"
            )
        return loaded

    def refusal(self, root: Path, what: str) -> str:
        """Return how `root`, which is `what`, is refused.

        Raises:
            AssertionError: It is read, or refused by something else than a `DataError`.
        """
        wanted = f"`load` of {self.name} must refuse {what} with a cellclf.DataError"
        try:
            loaded = self.function(self.params, root=root)
        except DataError as error:
            return str(error)
        except Exception as error:
            raise AssertionError(f"{wanted}. Received: {type(error).__name__}: {error}") from error
        raise AssertionError(f"{wanted}. Received: {len(loaded)} samples")
