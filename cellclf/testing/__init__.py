"""Checks that a plugin keeps its contract, for plugin authors' own tests.

    from cellclf.testing import conformance

    test_conformance = conformance(SPEC)

Each kind of spec has a package: `promises` lists what it promises, the modules beside it try that.
Importing this package imports neither Keras nor pytest.
"""

from __future__ import annotations

from cellclf.testing.catalogue import CHECKS, checks_for
from cellclf.testing.check import Check, Outcome, require_passed
from cellclf.testing.checking import check_plugin
from cellclf.testing.conformance import conformance
from cellclf.testing.image_files import write_images

__all__ = [
    "CHECKS",
    "Check",
    "Outcome",
    "check_plugin",
    "checks_for",
    "conformance",
    "require_passed",
    "write_images",
]
