from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.installing import installed_at, run
from tests.examples.tutorial_plugin import EXAMPLE, files_of, follow


def test_the_example_is_the_plugin_that_the_tutorial_ends_with(tmp_path: Path) -> None:
    """`python -m tests.examples.tutorial_plugin` writes it anew."""
    assert files_of(EXAMPLE) == files_of(follow(tmp_path))


@pytest.mark.slow
def test_the_example_passes_its_own_tests_and_trains(tmp_path: Path) -> None:
    env = installed_at(tmp_path / "site", EXAMPLE)
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE, cwd=tmp_path, env=env)
    run("-m", "cellclf_leukaemia_blasts.sample", "cells", cwd=tmp_path, env=env)
    how = ("--dataset", "leukaemia_blasts", "--data", "cells", "--model", "custom_cnn")
    small = ("--epochs", "1", "--image-size", "32")
    run("-m", "cellclf", "run", *how, *small, "--out", "run", cwd=tmp_path, env=env)
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Gupta A, Gupta R (2019)" in report
