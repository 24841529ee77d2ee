"""What tests of runs look at: finished runs, made once, and a place for others."""

from __future__ import annotations

from tests import tiny_run

cells_at_hand = tiny_run.cells_at_hand
one_model, two_models = tiny_run.one_model, tiny_run.two_models
