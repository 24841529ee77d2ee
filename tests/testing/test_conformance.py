"""The checks as tests of pytest's, on a network of the fewest layers."""

from __future__ import annotations

from cellclf.network.backend import prepare_backend
from cellclf.testing import conformance
from tests.tiny import TINY

prepare_backend()

test_a_small_network = conformance(TINY)
