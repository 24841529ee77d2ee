from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from cellclf.auditing.audit import Audit
from cellclf.auditing.findings import Finding, FindingKind, Severity
from cellclf.beginning.audit_data import audit
from cellclf.checking import data_plan
from cellclf.cli.settings import overridden
from cellclf.pipeline.audit_words import audit_command, audit_warnings, name_of
from cellclf.registry import installed
from tests.images import write_folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("set") / "my cells"
    write_folder(folder, {"ig": 3, "platelet": 3})
    return audit(folder)


def said(
    clean: Audit, kind: FindingKind, *details: tuple[str, ...], severity: Severity = "warning"
) -> list[str]:
    """What a run says of findings of one kind, each with its files and its detail."""
    findings = [
        Finding(kind=kind, severity=severity, files=tuple(files), detail=detail)
        for *files, detail in details
    ]
    values = {name: getattr(clean, name) for name in clean.__dataclass_fields__}
    return list(audit_warnings(Audit(**(values | {"findings": tuple(findings)}))))


def test_files_of_a_kind_are_counted_and_the_first_are_named(clean: Audit) -> None:
    many = [(f"{n}.png", "the file is empty") for n in range(4)]
    assert said(clean, "unreadable", many[0]) == ["1 image cannot be read and is left out: 0.png"]
    assert said(clean, "unreadable", *many) == [
        "4 images cannot be read and are left out: 0.png, 1.png and 2 more"
    ]
    assert said(clean, "near_duplicate", ("a", "b", "copies"), ("c", "d", "copies")) == [
        "4 images are copies of others, or overlap with them: a, b and 2 more"
    ]


def test_of_classes_it_is_said_what_is_the_matter_but_not_at_length(clean: Audit) -> None:
    small = "'ig' is too small to be judged well: 8 independent sources, so about 1 in the test"
    assert said(clean, "small_class", ("a", small)) == ["'ig' is too small to be judged well"]
    few = "'ig': 100 files, 2 independent sources"
    assert said(clean, "few_sources", ("a", f"{few}, worth 1.1 of equal size")) == [few]
    border = "96 % of cells can be sorted by the border pixels alone"
    longer = f"{border} (95 % interval 74 to 100, each class counted alike); chance is 50.0 %"
    assert said(clean, "background_shortcut", (longer,)) == [border]


def test_notes_are_not_said(clean: Audit) -> None:
    assert said(clean, "suspicious", ("a", "1 file is odd"), severity="note") == []


def test_every_line_of_a_run_is_short(clean: Audit) -> None:
    lines = list(audit_warnings(clean))
    assert lines
    assert max(map(len, lines)) < 160


SETTINGS: dict[str, Any] = {
    "data": {
        "dataset": "csv",
        "path": "my tables/cells.csv",
        "params": {"group_columns": ["patient", "slide"], "label_column": "path"},
        "group_pattern": r"(?P<patient>C\d+)_'x'",
        "group_table": {"path": "groups.csv", "group_columns": ["field no."]},
        "classes": {"rename": {"band cell": 'the "new" name'}, "leave_out": ["ig"]},
        "split": {"keep_given": False},
    }
}


@pytest.mark.skipif("os.name == 'nt'", reason="quotes are others there")
def test_the_command_means_the_same_data_as_the_experiment_that_it_comes_from() -> None:
    wanted = data_plan(SETTINGS, installed())
    words = shlex.split(audit_command(wanted))
    assert words[:2] == ["cellclf", "audit"]
    options = list(zip(words[2::2], words[3::2], strict=True))
    flags = {
        "data.dataset": dict(options)["--dataset"],
        "data.path": dict(options)["--data"],
        "data.group_pattern": dict(options)["--group-pattern"],
    }
    again = overridden({}, flags, [value for name, value in options if name == "--set"])
    data = data_plan(again, installed()).experiment.data
    assert data == wanted.experiment.data.model_copy(update={"split": data.split})
    assert dict(options)["--page"] == "audit.html"


def test_what_is_set_as_by_default_is_not_in_the_command() -> None:
    path = Path("cells").absolute()
    plan = data_plan({"data": {"path": str(path)}}, installed())
    command = audit_command(plan)
    assert command.startswith("cellclf audit --dataset image_folder --data ")
    assert command.endswith("cells --page audit.html")
    assert name_of(plan) == "cells"
