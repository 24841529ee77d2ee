"""What a new plugin is called, and which names would get in somebody's way."""

from __future__ import annotations

import keyword
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from cellclf.errors import PluginError
from cellclf.registry import Registry
from cellclf.specs import NAME_PATTERN, Spec

__all__ = ["LONGEST", "Names"]

LONGEST = 24
"""Characters of a name: the lines of the templates have room for so many."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """One name in the spellings of those who use it.

    Attributes:
        name: What an experiment calls it.

    Example:
        >>> Names(name="sickle_cells").distribution
        'cellclf-sickle-cells'
    """

    name: str

    @property
    def distribution(self) -> str:
        """What pip calls the package."""
        return f"cellclf-{self.name.replace('_', '-').strip('-')}"

    @property
    def module(self) -> str:
        """What Python imports."""
        return f"cellclf_{self.name}"

    def require_free(self, kind: type[Spec], registry: Registry) -> None:
        """Make sure that the name is one, and that nothing else has it.

        Args:
            kind: What the plugin is to offer under the name.
            registry: What is offered already.

        Raises:
            PluginError: It is no name, means something to Python, or is taken.
        """
        self._require_spelling()
        why = self._taken(kind, registry)
        if why:
            raise PluginError(f"choose another name. Received: {self.name!r}, {why}")

    def _require_spelling(self) -> None:
        if not NAME_PATTERN.fullmatch(self.name):
            raise PluginError(
                "the name of a plugin must be lower-case letters, digits and underscores, starting "
                f"with a letter. Received: {self.name!r}"
            )
        if self.name.endswith("_") or "__" in self.name:
            raise PluginError(
                "underscores must stand singly between letters or digits: pip takes several for "
                f"one. Received: {self.name!r}"
            )
        if len(self.name) > LONGEST:
            raise PluginError(
                f"the name of a plugin must have {LONGEST} characters at most. "
                f"Received: {self.name!r}, which has {len(self.name)}"
            )
        if self.name.startswith("cellclf"):
            raise PluginError(
                "leave `cellclf` out of the name: the package is called cellclf-NAME anyway. "
                f"Received: {self.name!r}"
            )

    def _taken(self, kind: type[Spec], registry: Registry) -> str:
        """Say whose the name is; empty where it is nobody's."""
        if keyword.iskeyword(self.name) or keyword.issoftkeyword(self.name):
            return "which is a word of Python itself"
        if self.name in sys.stdlib_module_names:
            return "which is a module of Python's library"
        for taken in (self.distribution, self.name):
            if _is_installed(taken):
                return f"and a package {taken} is installed"
        if _imports(self.name):
            return f"and `import {self.name}` finds an installed package"
        if self.name in registry.names(kind):
            return f"and a {kind.kind} of that name is on offer: `cellclf plugins show {self.name}`"
        return ""


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _imports(name: str) -> bool:
    """Whether a package of that name is there; a folder of whatever does not count."""
    found = find_spec(name)
    return found is not None and found.origin is not None
