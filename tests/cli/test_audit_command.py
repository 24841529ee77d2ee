from __future__ import annotations

import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

import cellclf
from cellclf.cli.audit import draw
from cellclf.cli.exit_codes import ExitCode
from cellclf.errors import ExperimentError
from tests.conftest import Command
from tests.images import write_folder

CLASSES = {"lymphocyte": 8, "monocyte": 8}


@pytest.fixture
def command(cellclf_command: Command) -> Command:
    """Run `cellclf audit`."""
    return lambda *arguments: cellclf_command("audit", *arguments, check=False)


@pytest.fixture
def _cells(tmp_path: Path) -> None:
    write_folder(tmp_path / "cells", CLASSES)


@pytest.fixture
def _leaking(tmp_path: Path) -> None:
    """A divided set in which one image is in both parts and one file is no image."""
    for part in ("train", "test"):
        write_folder(tmp_path / "cells" / part, CLASSES)
    for label in CLASSES:
        for number in range(8):
            path = tmp_path / "cells" / "test" / label / f"{number:03}.png"
            image = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
            path.write_bytes(_png(image))
    same = tmp_path / "cells" / "train" / "monocyte" / "000.png"
    (tmp_path / "cells" / "test" / "monocyte" / "copy.png").write_bytes(same.read_bytes())
    (tmp_path / "cells" / "train" / "monocyte" / "ünlesbar 1.png").write_bytes(b"")


def _png(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", image)[1].tobytes())


@pytest.mark.usefixtures("_cells")
def test_a_set_without_errors_is_safe_and_the_exit_status_says_so(
    command: Command,
) -> None:
    done = command("--data", "cells")
    assert done.stdout.splitlines()[-1].startswith("Safe to use with care: no errors")
    assert "small_class: 2 (warning)" in done.stdout
    assert "lymphocyte      8         8        8        8.0" in done.stdout


@pytest.mark.usefixtures("_leaking")
def test_errors_have_an_exit_status_of_their_own_and_are_written_as_json_and_as_a_page(
    command: Command, tmp_path: Path
) -> None:
    done = command("--data", "cells", "--page", "a/found.html")
    assert done.returncode == ExitCode.NOT_REACHED == 3
    assert "Traceback" not in done.stderr
    assert "Not safe to use as it is" in done.stdout
    done = command("--data", "cells", "--json", "--page", "a/found.html")
    assert done.returncode == ExitCode.NOT_REACHED
    listed = json.loads(done.stdout)
    assert isinstance(listed, list)
    assert all(set(one) == {"kind", "severity", "files", "detail"} for one in listed)
    by_kind = {one["kind"]: one for one in listed}
    assert by_kind["unreadable"]["files"] == ["train/monocyte/ünlesbar 1.png"]
    assert by_kind["split_leak"]["severity"] == "error"
    leaking = {"train/monocyte/000.png", "test/monocyte/copy.png"}
    assert leaking <= {
        file for one in listed if one["kind"] == "split_leak" for file in one["files"]
    }
    page = (tmp_path / "a" / "found.html").read_text(encoding="utf-8")
    assert "Not safe to use as it is" in page
    assert "ünlesbar 1.png" in page


@pytest.mark.usefixtures("_cells")
def test_the_data_is_chosen_as_for_a_run(command: Command, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[data]\npath = "cells"\n[models.custom_cnn]\n')
    pattern = "(?P<patient>[0-9])\\.png"
    table = tmp_path / "cells.csv"
    table.write_text("path,label\ncells/monocyte/000.png,a\ncells/lymphocyte/000.png,b\n")
    assert "monocyte        8" in command("own.toml").stdout
    grouped = command("own.toml", "--group-pattern", pattern)
    assert "'monocyte' is too small to be judged well: 8 independent" in grouped.stdout
    from_table = command("--dataset", "csv", "--data", "cells.csv").stdout
    assert "'a' cannot be learnt and judged: 1 independent source, at least 3" in from_table
    renamed = command("own.toml", "--set", 'data.classes.leave_out=["monocyte"]')
    assert "monocyte" not in renamed.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--data", "nowhere"], 1, "nowhere"),
        (["--dataset", "imagefolder", "--data", "cells"], 2, "Did you mean 'image_folder'?"),
        (["--dataset", "image_folder"], 2, "data.path: must be given (--data)"),
        (["--data", "cells", "--set", "data.pth=1"], 2, "data.pth"),
        (["--data", "cells", "--page", "."], 1, "--page must be a file"),
        (["missing.toml"], 2, "missing.toml"),
    ],
)
@pytest.mark.usefixtures("_cells")
def test_a_mistake_is_said_as_for_a_run(
    command: Command, arguments: list[str], status: int, said: str
) -> None:
    done = command(*arguments)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("_cells")
def test_the_set_is_named_and_the_last_line_of_progress_says_what_was_found(
    command: Command,
) -> None:
    done = command("--data", "cells")
    assert done.stdout.startswith("cells: 16 images of 2 classes")
    assert done.stderr.startswith("cells: 16 images of 2 classes")
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"audited in [0-9.]+ s: 0 errors, \d+ warnings?, \d+ notes?", last)


def test_without_data_it_says_that_it_looks_at_the_quickstart(command: Command) -> None:
    done = command("--set", "data.params.images_per_class=5")
    said = "no data was named (--data): this is the quickstart of cellclf-blood"
    assert done.stderr.startswith(said)
    assert done.stdout.startswith("blood_cells_demo: 40 images of 8 classes")


def test_one_image_under_two_labels_is_not_safe_to_use_as_it_is(
    command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", CLASSES)
    twin = (tmp_path / "cells" / "monocyte" / "000.png").read_bytes()
    (tmp_path / "cells" / "lymphocyte" / "twin.png").write_bytes(twin)
    done = command("--data", "cells")
    assert done.returncode == ExitCode.NOT_REACHED
    assert "label_conflict: 1 (error)" in done.stdout


def test_a_folder_of_images_without_classes_is_looked_at_and_that_is_said(
    command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path, {"cells": 12})
    same = (tmp_path / "cells" / "000.png").read_bytes()
    (tmp_path / "cells" / "copy.png").write_bytes(same)
    (tmp_path / "cells" / "broken.png").write_bytes(b"")
    done = command("--data", "cells", "--page", "page.html")
    assert done.returncode == 0
    assert "there are no labels" in done.stderr
    assert "cells: 14 images without labels" in done.stdout
    assert "unreadable: 1 (warning)" in done.stdout
    assert "000.png, copy.png: 2 samples are the same image" in done.stdout
    assert "There are no labels" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_cells")
def test_no_network_library_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from cellclf.cli.main import app
try:
    app(["audit", "--data", {str(tmp_path / "cells")!r}])
except SystemExit as ended:
    assert not ended.code, ended.code
assert not {{"keras", "tensorflow", "jax", "torch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.usefixtures("_leaking")
def test_a_terminal_gets_tables_with_the_same_content(tmp_path: Path) -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=160, color_system=None)
    draw(cellclf.audit(tmp_path / "cells"), console)
    shown = written.getvalue()
    for words in ("sources", "split_leak", "error", "ünlesbar 1.png", "Not safe to use as it is"):
        assert words in shown


@pytest.mark.usefixtures("_cells")
def test_python_audits_a_folder_an_experiment_and_samples_alike(tmp_path: Path) -> None:
    from_path = cellclf.audit(tmp_path / "cells")
    experiment = cellclf.Experiment(data={"path": tmp_path / "cells"})
    from_experiment = cellclf.audit(experiment)
    from_samples = cellclf.audit(from_path.samples)
    assert from_path.findings == from_experiment.findings == from_samples.findings
    assert isinstance(from_path, cellclf.Audit)
    assert isinstance(from_path.findings[0], cellclf.Finding)
    with pytest.raises(ExperimentError, match="no dataset is called 'none'"):
        cellclf.audit(tmp_path / "cells", dataset="none")


def test_copies_that_were_turned_mirrored_and_recoloured_are_found(
    command: Command, tmp_path: Path
) -> None:
    for label in ("ig", "platelet"):
        (tmp_path / "cells" / label).mkdir(parents=True)
        for number in range(4):
            image = _cell(number + 10 * (label == "ig"))
            (tmp_path / "cells" / label / f"{number}.png").write_bytes(_png(image))
    first = _cell(10)
    turn = cv2.getRotationMatrix2D((80, 80), 37, 1.1)
    turned = cv2.warpAffine(first, turn, (160, 160), borderMode=cv2.BORDER_REFLECT_101)
    mirrored = (first[:, ::-1] * [0.8, 1.0, 0.9]).astype(np.uint8)
    for name, copy in (("ig/turned", turned), ("ig/mirrored", mirrored)):
        (tmp_path / "cells" / f"{name}.png").write_bytes(_png(copy))
    upside_down = np.ascontiguousarray(_cell(11)[::-1])
    (tmp_path / "cells" / "platelet" / "wrong.png").write_bytes(_png(upside_down))
    done = command("--data", "cells", "--json")
    assert done.returncode == ExitCode.NOT_REACHED  # for the label that contradicts another
    listed = json.loads(done.stdout)
    found = [(one["kind"], one["files"]) for one in listed]
    assert found[:3] == [
        ("near_duplicate", ["ig/0.png", "ig/mirrored.png", "ig/turned.png"]),
        ("near_duplicate", ["ig/1.png", "platelet/wrong.png"]),
        ("label_conflict", ["ig/1.png", "platelet/wrong.png"]),
    ]


def _cell(number: int) -> NDArray[np.uint8]:
    """Speckles of many sizes, no two numbers alike."""
    rng = np.random.default_rng(number)
    layers = [
        cv2.resize(rng.normal(0, 30, (side, side, 3)), (160, 160), interpolation=cv2.INTER_CUBIC)
        for side in (8, 20, 40)
    ]
    return np.clip(130 + sum(layers), 0, 255).astype(np.uint8)
