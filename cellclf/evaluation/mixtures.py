"""The shares of a mixture of known distributions, from how often each outcome was seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixture_shares"]

Floats = NDArray[np.float64]

STEPS = 200
"""Far more than are needed: about twenty."""

TOLERANCE = 1e-12
"""Of what must hold at the greatest likelihood: products of shares, 0 to 1, and their prices."""

CENTRING = 0.1
TO_THE_LIMIT = 0.99
"""How far shares that fall, and their prices, may move towards zero in one step."""

RIDGE = 1e-12
"""Keeps the equations of a step solvable where distributions are the same."""


def mixture_shares(observed: Floats, matrices: Floats) -> Floats:
    r"""Return the shares under which what was observed is likeliest.

    With rows that sum to 1, the shares $s \ge 0$ that maximise
    $\sum_a o_a \log \sum_k s_k M_{ka} - \sum_k s_k$ sum to 1, and are those that expectation
    maximisation creeps up to. They are found here by a primal-dual interior-point method (Nocedal
    and Wright, Numerical Optimization, 2006, chapter 19): in few steps also where distributions
    overlap so much that steps of expectation maximisation are too short to see.

    Args:
        observed: Shares of the outcomes in each of `n` mixtures, `(n, a)`; each sums to 1.
        matrices: Probability of each outcome in each of `k` distributions, `(n, k, a)`.

    Returns:
        Shape `(n, k)`, 0 to 1; they sum to 1.

    Example:
        >>> mixture_shares(np.array([[0.5, 0.5]]), np.array([[[0.9, 0.1], [0.4, 0.6]]])).round(3)
        array([[0.2, 0.8]])
    """
    number, classes, _ = matrices.shape
    found = np.full((number, classes), 1 / classes)
    shares, prices = found.copy(), np.ones((number, classes))
    left = np.arange(number)
    for _ in range(STEPS):
        seen, rows = observed[left], matrices[left]
        expected = (shares[:, None] @ rows)[:, 0]
        gain = (rows @ (seen / expected)[:, :, None])[:, :, 0] - 1
        gap = shares * prices
        far = np.maximum(np.abs(gain + prices).max(axis=1), gap.max(axis=1))
        found[left] = shares
        going = far > TOLERANCE
        if not going.any():
            break
        left, seen, rows, expected, gain, gap, shares, prices = (
            values[going] for values in (left, seen, rows, expected, gain, gap, shares, prices)
        )
        weighted = rows * (np.sqrt(seen) / expected)[:, None]
        curvature = weighted @ weighted.transpose(0, 2, 1)
        diagonal = np.arange(classes)
        curvature[:, diagonal, diagonal] += prices / shares + RIDGE
        target = CENTRING * gap.mean(axis=1, keepdims=True) / shares
        moved = np.linalg.solve(curvature, (gain + target)[:, :, None])[:, :, 0]
        priced = target - prices - prices / shares * moved
        shares = shares + _length(shares, moved) * moved
        prices = prices + _length(prices, priced) * priced
    total: Floats = found.sum(axis=1, keepdims=True)
    return found / total


def _length(values: Floats, moved: Floats) -> Floats:
    """How much of a step leaves every value of a row above zero, `(n, 1)`; at most all of it."""
    falling = np.where(moved < 0, -moved / values, 0).max(axis=1, keepdims=True)
    length: Floats = np.minimum(1, TO_THE_LIMIT / np.maximum(falling, np.finfo(np.float64).tiny))
    return length
