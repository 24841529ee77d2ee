"""What a module holds, read from its text: importing it could take seconds."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

__all__ = ["may_hold"]


def may_hold(module: str, name: str) -> bool:
    """Return whether importing a module may give it a name; true where its text does not say.

    Args:
        module: A module that is there.
        name: What is looked for at its top level.
    """
    if module in sys.modules:
        return hasattr(sys.modules[module], name)
    try:
        found = find_spec(module)
        if found is None or found.origin is None or not found.origin.endswith(".py"):
            return True
        tree = ast.parse(Path(found.origin).read_bytes())
    except Exception:  # what cannot be read is for its import to complain of
        return True
    bound = set(_bound(tree))
    return name in bound or not bound.isdisjoint({"*", "__getattr__"})


def _bound(tree: ast.AST) -> Iterator[str]:
    """Every name that is bound anywhere but inside a function or class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("globals", "setattr"):
            yield "*"
        yield from _bound(node)
