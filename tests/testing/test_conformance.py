"""The kit as a plugin's author uses it: one call, one line of pytest, one command."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cellclf.builtin.metric_specs import METRICS
from cellclf.cli.check_table import print_outcomes
from cellclf.errors import PluginError
from cellclf.registry import installed
from cellclf.specs import MetricSpec, Spec
from cellclf.testing import (
    CHECKS,
    Outcome,
    check_plugin,
    checks_for,
    conformance,
    require_passed,
)
from cellclf.testing.naming import specs_named
from cellclf.testing.running import Running
from cellclf.testing.trial import Trial
from tests.conftest import Command
from tests.testing.wrong import metrics

FAULTY = metrics.WRONG[0].spec
"""Ignores weights, and is wrong in nothing else."""

test_an_expected_failure_is_no_failure = conformance(
    FAULTY, expected_failures={"weights_repeat_samples": "it has no use for weights"}
)


def test_importing_the_kit_imports_neither_keras_nor_pytest() -> None:
    code = (
        "import sys, cellclf.testing; cellclf.testing.checks_for; "
        "assert not {'keras', 'tensorflow', 'pytest'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_check_has_a_name_of_its_own_one_line_and_a_function() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.name.isidentifier()
        assert check.summary.endswith(".")
        assert len(check.summary.splitlines()) == 1
        assert check.run.endswith(f":{check.name}")
        assert issubclass(check.kind, Spec)


def test_what_a_check_needs_stands_before_it_and_applies_where_it_does() -> None:
    seen: dict[str, type[Spec]] = {}
    for check in CHECKS:
        for name in check.needs:
            assert issubclass(check.kind, seen[name])
        seen[check.name] = check.kind


def test_the_checks_of_a_kind_are_those_of_all_kinds_and_its_own() -> None:
    kinds = {check.kind for check in checks_for(MetricSpec)}
    assert kinds == {Spec, MetricSpec}
    assert checks_for(FAULTY) == checks_for(MetricSpec)


def test_all_failures_are_told_at_once() -> None:
    wrong = replace(FAULTY, summary="")
    with pytest.raises(AssertionError, match=r"2 checks failed\n.*one line.*\n.*weight 2 as two"):
        check_plugin(wrong)


def test_what_a_failed_check_would_have_led_to_is_skipped_and_says_why() -> None:
    outcomes = {one.check: one for one in check_plugin(FAULTY, raises=False)}
    assert outcomes["weights_repeat_samples"].status == "failed"
    assert outcomes["batched_weights_agree"].status == "skipped"
    assert outcomes["batched_weights_agree"].message == "because `weights_repeat_samples` failed"


def test_a_check_may_be_tried_by_itself_with_what_it_needs() -> None:
    (only,) = check_plugin(METRICS[0], only=("limits_hold",))
    assert (only.check, only.status) == ("limits_hold", "passed")
    with pytest.raises(PluginError, match=r"no check is called 'limit_hold'.*'limits_hold'"):
        check_plugin(METRICS[0], only=("limit_hold",))


def test_a_check_that_was_tried_is_not_tried_again(tmp_path: Path) -> None:
    running = Running(Trial(spec=METRICS[0], scratch=tmp_path))
    check = checks_for(MetricSpec)[-1]
    assert running.outcome(check) is running.outcome(check)


def test_a_failure_is_expected_of_a_check_that_there_is() -> None:
    with pytest.raises(PluginError, match=r"'weight_repeats'.*Did you mean"):
        conformance(FAULTY, expected_failures={"weight_repeats": "no such check"})


def test_an_expected_failure_that_passes_is_a_failure() -> None:
    made = conformance(METRICS[0], expected_failures={"limits_hold": "not so"})
    (marked,) = [
        one
        for one in made.pytestmark[0].args[1]  # type: ignore[attr-defined]
        if one.marks
    ]
    assert marked.id == "limits_hold"
    assert marked.marks[0].kwargs == {"strict": True, "reason": "not so"}


def test_nothing_is_raised_where_nothing_failed() -> None:
    require_passed([Outcome(subject="a", check="b", status="skipped", message="c")])


def test_a_plugin_a_distribution_and_an_offer_are_found_by_name() -> None:
    registry = installed()
    assert specs_named("cellclf", registry) == specs_named("builtin", registry)
    assert [spec.name for spec in specs_named("flip", registry)] == ["flip"]
    assert specs_named("cellclf/flip", registry) == specs_named("flip", registry)
    with pytest.raises(PluginError, match=r"called 'flipp'.*Did you mean 'flip'"):
        specs_named("flipp", registry)


def test_the_command_prints_a_line_a_check(cellclf_command: Command) -> None:
    done = cellclf_command("plugins", "check", "accuracy")
    *lines, last = done.stdout.splitlines()
    assert len(lines) == len(checks_for(MetricSpec))
    assert lines[0].startswith("passed   metric 'accuracy'  summary_is_one_line  ")
    assert last == f"{len(lines)} passed, 0 failed, 0 skipped"


def test_the_command_fails_where_a_check_does_and_says_so_as_json(
    cellclf_command: Command,
) -> None:
    done = cellclf_command("plugins", "check", "cellclf/image_folder", "--json", check=False)
    assert done.returncode == 3
    told = {one["check"]: one for one in json.loads(done.stdout)}
    assert told["samples_load"]["status"] == "failed"
    assert "--root" in told["samples_load"]["message"]


def test_the_command_takes_a_root_and_parameters(cellclf_command: Command, tmp_path: Path) -> None:
    from cellclf.testing import write_images

    write_images(tmp_path / "cells", "1.png", "2.png")
    (tmp_path / "cells" / "cells.csv").write_text("path,kind\n1.png,a\n2.png,b\n")
    words = ("plugins", "check", "cellclf/csv", "--root", "cells", "--own-images")
    assert cellclf_command(*words, check=False).returncode == 3
    cellclf_command(*words, "--param", "label_column=kind")


def test_on_a_terminal_a_table_a_subject_is_drawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    said = [
        Outcome(subject="model 'a'", check="builds", status="passed"),
        Outcome(subject="model 'b'", check="learns", status="failed", message="[it] does not"),
    ]
    assert not print_outcomes(iter(said), as_json=False)
    shown = capsys.readouterr().out
    assert shown.rindex("model 'a'") < shown.rindex("builds") < shown.rindex("model 'b'")
    assert "[it] does not" in shown
    assert "1 passed, 1 failed, 0 skipped" in shown
