"""A spec under test: its parameters, its files, and what several checks make use of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cellclf.schema_problems import schema_problems
from cellclf.specs import Params, Spec, resolve

__all__ = ["UNUSUAL", "Layout", "Trial"]

UNUSUAL = "Blut von Zoë 細胞"
"""A folder's name with blanks, an accent and letters beyond any code page."""

Layout = Callable[[Path], Path | None]
"""Writes a tiny set into an empty folder, and may return which file or folder of it is the set."""

T = TypeVar("T")


@dataclass(kw_only=True, eq=False)
class Trial:
    """One spec and how it is tried.

    Attributes:
        spec: What is checked.
        scratch: An empty folder for whatever the checks write.
        given: Its parameters, or what they are made of; the defaults where left out.
        place: Where a dataset reads, or what lays a tiny set out.
        image_size: Height and width of the images that are tried, in pixels.
        num_classes: How many classes are tried.
        published: A dataset is somebody's, who has to be named.
        zipped: A zip file of a dataset's folder is tried too.
    """

    spec: Spec
    scratch: Path
    given: Params | Mapping[str, Any] | None = None
    place: Path | Layout | None = None
    image_size: int = 32
    num_classes: int = 3
    published: bool = True
    zipped: bool = False
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    @property
    def subject(self) -> str:
        """What a message calls it."""
        return f"{self.spec.kind} {self.spec.name!r}"

    @cached_property
    def params(self) -> Any:
        """Its parameters.

        Raises:
            AssertionError: They do not fit, or some have no default and none are given.
        """
        if isinstance(self.given, BaseModel):
            return self.given
        try:
            return self.spec.params.model_validate(self.given or {})
        except ValidationError as error:
            problems = schema_problems(error, root=self.spec.params)
            raise AssertionError(
                f"{self.subject} must take the parameters that it is tried with; give `params` "
                f"(`--param`) where some have no default. Received: {dict(self.given or {})}: "
                f"{'; '.join(map(str, problems))}"
            ) from error

    @cached_property
    def root(self) -> Path | None:
        """Where a dataset reads; nothing where no place is given."""
        if self.place is None or isinstance(self.place, Path):
            return None if self.place is None else self.place.absolute()
        folder = self.folder()
        return self.place(folder) or folder

    def folder(self) -> Path:
        """Make an empty folder."""
        made = self.scratch / str(next(self._numbers))
        made.mkdir()
        return made

    def function(self, name: str) -> Callable[..., Any]:
        """Import what a field of the spec, such as `build`, refers to."""
        return resolve(getattr(self.spec, name))

    def of(self, make: Callable[[Trial], T]) -> T:
        """Return what `make` makes of this trial: the same for every check that asks."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made
