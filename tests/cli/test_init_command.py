from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cellclf.beginning.first_experiment import first_experiment
from cellclf.beginning.survey import survey
from cellclf.checking import plan
from cellclf.registry import installed
from tests.conftest import Command
from tests.images import write_divided, write_folder

pytest.importorskip("cellclf_custom_cnn")


@pytest.fixture
def _cells(tmp_path: Path) -> None:
    write_folder(tmp_path / "cells", {"monocyte": 20, "basophil": 8})


def written(folder: Path) -> Mapping[str, Any]:
    """The experiment that was written, checked as a run checks it."""
    raw = tomllib.loads((folder / "experiment.toml").read_text(encoding="utf-8"))
    plan(raw, installed())
    return raw


@pytest.mark.usefixtures("_cells")
def test_an_experiment_for_the_folder_is_written_and_what_is_next_is_said(
    cellclf_command: Command, tmp_path: Path
) -> None:
    done = cellclf_command("init", "cells")
    assert done.stdout.splitlines() == [
        "cells: 28 images of 2 classes, the smallest basophil with 8",
        "Written: experiment.toml",
        "Next: cellclf audit experiment.toml",
        "      cellclf run experiment.toml",
    ]
    raw = written(tmp_path)
    assert raw["data"]["path"] == "cells"
    assert raw["data"]["resize"] == "stretch"
    assert raw["out"] == "runs/cells"
    assert [*raw["models"]] == ["custom_cnn"]


@pytest.mark.usefixtures("_cells")
def test_every_setting_has_a_comment_that_says_why(
    cellclf_command: Command, tmp_path: Path
) -> None:
    cellclf_command("init", "cells")
    lines = (tmp_path / "experiment.toml").read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for above, line in pairwise(lines)
        if line and not line.startswith(("#", "[")) and not above.startswith("#")
    ]
    assert bare == ["validation = 0.1", "calibration = 0.1", "test = 0.15"]  # below train
    assert max(map(len, lines)) <= 100


@pytest.mark.usefixtures("_cells")
def test_what_is_written_can_be_audited_as_it_stands(cellclf_command: Command) -> None:
    cellclf_command("init", "cells", "--out", "first.toml")
    assert "cells: 28 images of 2 classes" in cellclf_command("audit", "first.toml").stdout


@pytest.mark.usefixtures("_cells")
def test_a_file_that_is_there_is_kept_unless_that_is_said(
    cellclf_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "experiment.toml").write_text("mine", encoding="utf-8")
    done = cellclf_command("init", "cells", check=False)
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert "--force" in done.stderr
    assert (tmp_path / "experiment.toml").read_text() == "mine"
    cellclf_command("init", "cells", "--force")
    assert written(tmp_path)["seed"] == 0


@pytest.mark.usefixtures("_cells")
@pytest.mark.parametrize(
    ("here", "named", "out"),
    [("cells", ".", "../runs/cells"), ("cells/basophil", "..", "../../runs/cells")],
)
def test_a_run_does_not_lie_among_the_images_that_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str, named: str, out: str
) -> None:
    monkeypatch.chdir(tmp_path / here)
    text = first_experiment(survey(Path(named), installed()), installed())
    assert tomllib.loads(text)["out"] == out


def test_a_class_too_small_to_be_judged_is_left_out_and_that_is_said(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"monocyte": 20, "basophil": 8, "blast": 2})
    assert "Left out, being too small: blast" in cellclf_command("init", "cells").stdout
    assert written(tmp_path)["data"]["classes"]["leave_out"] == ["blast"]


def test_parts_that_the_set_comes_with_are_kept(cellclf_command: Command, tmp_path: Path) -> None:
    write_divided(tmp_path / "cells")
    cellclf_command("init", "cells")
    assert written(tmp_path)["data"]["split"]["keep_given"] is True
    assert "(train 16, test 8)" in (tmp_path / "experiment.toml").read_text(encoding="utf-8")


def named(folder: Path, name: str) -> None:
    """Call the images of a folder otherwise; `{}` is a number of six patients."""
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        file.rename(file.with_name(f"{name.format(number % 6)}_{number}.png"))


@pytest.mark.usefixtures("_cells")
def test_patients_that_names_speak_of_are_kept_together(
    cellclf_command: Command, tmp_path: Path
) -> None:
    named(tmp_path / "cells", "patient-{}")
    cellclf_command("init", "cells")
    assert written(tmp_path)["data"]["group_pattern"].startswith("(?i)(?<![a-z])(?P<patient>")


@pytest.mark.usefixtures("_cells")
def test_what_may_be_groups_is_left_to_the_person(cellclf_command: Command, tmp_path: Path) -> None:
    named(tmp_path / "cells", "C{}P")
    cellclf_command("init", "cells")
    assert "group_pattern" not in written(tmp_path)["data"]
    text = (tmp_path / "experiment.toml").read_text(encoding="utf-8")
    assert "How a name begins has 6 values in these names, such as 'C0'" in text.replace(
        "\n# ", " "
    )
    assert "# group_pattern = '" in text


def test_patients_that_lie_in_two_given_parts_are_divided_anew(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_divided(tmp_path / "cells")
    named(tmp_path / "cells", "patient{}")
    cellclf_command("init", "cells")
    assert written(tmp_path)["data"]["split"]["keep_given"] is False


def test_names_of_classes_may_be_anything(cellclf_command: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "zellen 'ü'", {'a "b"': 4, "c\x01\x7f": 2, "éß": 5})
    cellclf_command("init", "zellen 'ü'")
    raw = written(tmp_path)
    assert raw["data"]["path"] == "zellen 'ü'"
    assert raw["data"]["classes"]["leave_out"] == ["c\x01\x7f"]


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("cells/monocyte", "lie in no folders of classes"),
        ("one", "there is only one class in one, 'monocyte'"),
        ("empty", "no images"),
        ("nowhere", "nothing there"),
    ],
)
@pytest.mark.usefixtures("_cells")
def test_a_folder_that_nothing_can_be_learnt_from_is_refused(
    cellclf_command: Command, tmp_path: Path, folder: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "one", {"monocyte": 3})
    done = cellclf_command("init", folder, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "experiment.toml").exists()


@pytest.mark.usefixtures("_cells")
def test_no_network_library_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from cellclf.cli.main import app
try:
    app(["init", {str(tmp_path / "cells")!r}, "--out", {str(tmp_path / "first.toml")!r}])
except SystemExit as ended:
    assert not ended.code, ended.code
assert not {{"keras", "tensorflow", "jax", "torch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
