"""The last step of an allocation: units move or change places while that brings the parts nearer.

What is reached is a division that no single move and, unless there are very many kinds of unit, no
exchange of two units could better. Where each unit holds one class, and a part has a unit of the
class to spare, that bounds the part's distance from its aim: with `s` the largest unit of the
class, `f` the part's share of it and `k` parts it is at most

    s / 2 * (1 + (k - 2) * f)

which of four parts is 0.6 of the largest unit for one of a tenth, and 1.15 for one of 65 %. Proof:
let `g` be a part's gap (held less aim) and `a` its aim. No move of a unit of size `u` from part p
to part q bettering the distance says g_p / a_p - g_q / a_q <= u / 2 * (1 / a_p + 1 / a_q). Weigh
that by a_q and add it up over all q: the gaps sum to zero and drop out, and what is left is the
bound on g_p from above; weighed by a_p and added up over all p it is the bound from below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["distance", "settle"]

MOST_EXCHANGED = 250
"""Kinds of unit up to which exchanges are weighed: their number grows with the square. With more
kinds there are many units, and moves alone come near enough."""

DIGITS = 9
"""Decimals to which gains are compared: what differs by less is rounding, and must tie on every
machine. Without it two equal states could also take turns for ever."""

Counts = NDArray[np.intp]


def distance(held: Counts, aim: Counts) -> float:
    """Return how far the parts are from their aim: the chi-square sum, 0 where they are there.

    Args:
        held: Samples of each class in each part, shape `(parts, classes)`.
        aim: The same as it should be; nowhere 0.

    Example:
        >>> distance(np.array([[8], [1]]), np.array([[6], [3]])) == 4 / 6 + 4 / 3
        True
    """
    return float(((held - aim) ** 2 / aim).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kinds:
    """Units that hold the same are interchangeable: steps are weighed by kind of unit.

    Kind 0 holds nothing and is everywhere: to move is to change places with nothing.

    Attributes:
        holds: Samples of each class, shape `(kinds, classes)`.
        of: Kind of each unit, shape `(units,)`.
        partners: The first so many kinds may be what another changes places with.
    """

    holds: Counts
    of: Counts
    partners: int

    @classmethod
    def among(cls, table: Counts) -> _Kinds:
        kinds, of = np.unique(table, axis=0, return_inverse=True)
        holds = np.concatenate([np.zeros((1, table.shape[1]), np.intp), kinds])
        return cls(
            holds=holds,
            of=of.reshape(-1) + 1,
            partners=len(holds) if len(holds) <= MOST_EXCHANGED else 1,
        )

    def gained(self) -> Counts:
        """What a part gains when it gives a unit for a partner: `(kinds, partners, classes)`."""
        return self.holds[None, : self.partners] - self.holds[:, None]


def settle(table: Counts, part: NDArray[np.intp], aim: Counts) -> None:
    """Take the most rewarding step, again and again, until none brings the parts nearer to the aim.

    A step moves one unit to another part, or lets two change places. None takes the last unit of a
    class out of a part. Every step lowers `distance`, so there is an end.

    Args:
        table: Samples of each class in each unit, shape `(units, classes)`.
        part: Part of each unit, shape `(units,)`; changed in place.
        aim: Samples of each class that each part should hold, shape `(parts, classes)`; nowhere 0.
    """
    kinds = _Kinds.among(table)
    gained = kinds.gained()
    square = gained**2 @ (1 / aim).T
    has = kinds.holds > 0
    gives_up = has[:, None] & ~has[None, : kinds.partners]
    takes_away = ~has[:, None] & has[None, : kinds.partners]
    there = np.zeros((len(kinds.holds), len(aim)), np.intp)
    np.add.at(there, (kinds.of, part), 1)
    held = np.array([table[part == p].sum(axis=0) for p in range(len(aim))])
    while True:
        scarce = has.T.astype(np.intp) @ there < 2  # at most one unit holds the class, by part
        present = there > 0
        present[0] = True
        # Change of the distance in the part that gives, and in the part that takes, summed over
        # the classes: ((gap + gained)^2 - gap^2) / aim, shape (kinds, partners, parts).
        slope = 2 * gained @ ((held - aim) / aim).T
        giving = np.where(present[:, None] & ~_loses(gives_up, scarce), square + slope, np.inf)
        taking = np.where(
            present[None, : kinds.partners] & ~_loses(takes_away, scarce), square - slope, np.inf
        )
        change = np.round(giving[..., :, None] + taking[..., None, :], DIGITS)
        change[..., range(len(aim)), range(len(aim))] = 0
        best = int(np.argmin(change))
        if change.flat[best] >= 0:
            return
        kind, partner, origin, target = map(int, np.unravel_index(best, change.shape))
        for moved, source, goal in ((kind, origin, target), (partner, target, origin)):
            if moved:
                part[np.flatnonzero((kinds.of == moved) & (part == source))[0]] = goal
                there[moved, source] -= 1
                there[moved, goal] += 1
        held[origin] += gained[kind, partner]
        held[target] -= gained[kind, partner]


def _loses(without: NDArray[np.bool_], scarce: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a class would be gone from a part, `(kinds, partners, parts)`.

    Args:
        without: Classes that the part would have one unit less of, `(kinds, partners, classes)`.
        scarce: Classes of which each part has no unit to spare, `(classes, parts)`.
    """
    return np.asarray(without.astype(np.intp) @ scarce.astype(np.intp) > 0)
