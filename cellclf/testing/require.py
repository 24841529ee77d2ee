"""How a check says no: as an assertion, which every test runner shows."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["first_few", "require"]

MOST_NAMED = 3


def require(holds: bool, sentence: str) -> None:
    """Raise an `AssertionError` with `sentence` unless `holds`.

    A call is no `assert` statement: it also works under `python -O`.
    """
    if not holds:
        raise AssertionError(sentence)


def first_few(found: Sequence[object]) -> str:
    """Name the first few of many, and say how many more there are.

    Example:
        >>> first_few(["a", "b", "c", "d", "e"])
        'a; b; c; and 2 more'
    """
    named = [str(one) for one in found[:MOST_NAMED]]
    more = len(found) - MOST_NAMED
    return "; ".join([*named, f"and {more} more"] if more > 0 else named)
