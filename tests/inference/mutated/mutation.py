"""What a changed bundle is, and values that do harm where they are believed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.inference.mutated.parts import Parts

__all__ = ["HOSTILE", "Change", "Mutation"]

NESTED: Any = []

for _ in range(600):
    NESTED = [NESTED]

HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 10**400, 0.0, 1.5, -1.5, 1e300, 1e-300),
    *(float("nan"), float("inf"), float("-inf")),
    *("", "x", "1", "true", "\ud800", "\x1b[31m", "a\nb", "\x00", "\u202e", "x" * 100_000),
    *("__import__('os').system('touch ran')", "os:system", "tests.inference.trap:spring"),
    *(
        "../../../../etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:9/",
        "tests.inference.trap",
    ),
    *([], {}, [[]], [0] * 10_000, [None], {"": 0}, {"x" * 1000: 1}, {"__class__": "os.system"}),
    NESTED,
)


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A changed bundle.

    Attributes:
        kind: Of which kind the change is.
        content: The file.
        sparse: Length that the file is stretched to, by nothing that takes room on a disk.
        sealed: The digest fits: the file can be a sound bundle that says something else.
        same: The file says what it said before; it must be read.
    """

    kind: str = ""
    content: bytes
    sparse: int = 0
    sealed: bool = False
    same: bool = False


Change = Callable[[random.Random, Parts], Mutation]
