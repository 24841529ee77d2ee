"""The finished run that is judged, made once."""

from __future__ import annotations

from tests import tiny_run

two_models = tiny_run.two_models
