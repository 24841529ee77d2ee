"""Every mistake a user can make is one clear message and a non-zero exit, never a traceback."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cellclf.data.decode import DECODE_VERSION
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.registry import installed
from cellclf.specs import ModelSpec
from tests.conftest import Command
from tests.images import write_divided, write_folder

MODEL = ("--model", installed().names(ModelSpec)[0])


def refusal(command: Command, *arguments: str | Path, **env: str) -> str:
    """Run a command that must be refused; return its message."""
    done = command(*arguments, check=False, env=env)
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr
    return done.stderr


def test_a_folder_that_does_not_exist_is_named(cellclf_process: Command) -> None:
    assert "nowhere" in refusal(cellclf_process, "run", "--data", "nowhere", *MODEL)


def test_a_folder_without_images_says_what_it_holds(
    cellclf_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "cells" / "lymphocyte").mkdir(parents=True)
    (tmp_path / "cells" / "lymphocyte" / "notes.txt").write_text("none")
    assert ".txt" in refusal(cellclf_command, "run", "--data", "cells", *MODEL)


def test_a_run_that_is_resumed_takes_no_other_setting(cellclf_command: Command) -> None:
    said = refusal(cellclf_command, "run", "--resume", "runs/first", "--epochs", "3", "--seed", "1")
    assert "--resume: must stand alone" in said
    assert "training.epochs" in said
    assert "seed" in said


def test_a_directory_without_a_run_cannot_be_resumed(cellclf_command: Command) -> None:
    said = refusal(cellclf_command, "run", "--resume", "nowhere")
    assert "nowhere holds no run that could go on" in said


def test_one_class_alone_is_refused_by_name(cellclf_command: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 6})
    said = refusal(cellclf_command, "run", "--data", "cells", *MODEL)
    assert "lymphocyte" in said
    assert "two" in said


def test_a_class_too_small_to_split_is_named_with_its_size(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 8, "monocyte": 2})
    said = refusal(cellclf_command, "run", "--data", "cells", *MODEL)
    assert "monocyte" in said
    assert "2" in said


def test_every_unknown_name_and_wrong_value_is_said_at_once(cellclf_command: Command) -> None:
    said = refusal(
        cellclf_command,
        *("run", "--dataset", "image_foldr", "--data", ".", "--model", "no_such_net"),
        *("--set", "training.epochs=ten", "--set", "training.batchsize=4"),
        *("--set", "augmentation.params.rotation.max_degree=9"),
    )
    assert "Did you mean 'image_folder'" in said
    assert "no model is called 'no_such_net'" in said
    assert "training.epochs" in said
    assert "Did you mean 'batch_size'" in said
    assert "Did you mean 'max_degrees'" in said


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", b""), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_files_that_are_no_images_are_listed_and_alone_are_an_error(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "good", {"lymphocyte": 1}, suffix=".jpg")
    whole = next((tmp_path / "good" / "lymphocyte").iterdir()).read_bytes()
    for label in ("lymphocyte", "monocyte"):
        folder = tmp_path / "cells" / label
        folder.mkdir(parents=True)
        (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        (folder / "empty.png").write_bytes(b"")
        (folder / "text.png").write_text("not an image")
        (folder / "huge.png").write_bytes(huge_png())
    assert "no image can be read" in refusal(cellclf_command, "run", "--data", "cells", *MODEL)


def test_an_output_directory_that_cannot_be_made_is_refused(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 6, "monocyte": 6})
    (tmp_path / "file").write_text("in the way")
    said = refusal(cellclf_command, "run", "--data", "cells", *MODEL, "--out", "file/run")
    assert "cannot be written" in said


def test_an_output_directory_that_holds_something_else_is_refused(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 6, "monocyte": 6})
    said = refusal(cellclf_command, "run", "--data", "cells", *MODEL, "--out", "cells")
    assert "is not empty and holds no run" in said
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text('{"experiment_fingerprint": "another"}')
    (tmp_path / "run" / "training" / "vgg16").mkdir(parents=True)
    (tmp_path / "run" / "training" / "vgg16" / "checkpoint.safetensors").touch()
    said = refusal(cellclf_command, "run", "--data", "cells", *MODEL, "--out", "run")
    assert "holds the run of another experiment" in said


def test_a_folder_given_as_experiment_is_pointed_to_data(
    cellclf_command: Command, tmp_path: Path
) -> None:
    assert "--data" in refusal(cellclf_command, "run", tmp_path)


def test_an_unknown_backend_is_refused_before_anything_is_read(cellclf_process: Command) -> None:
    said = refusal(cellclf_process, "run", "--data", "nowhere", *MODEL, KERAS_BACKEND="tensorflw")
    assert "Did you mean 'tensorflow'" in said


def test_a_setting_without_a_value_is_refused(cellclf_command: Command) -> None:
    assert "key=value" in refusal(cellclf_command, "run", "--set", "seed")


@pytest.mark.parametrize("model", ["no_such_model", "missing.safetensors", "."])
def test_a_model_that_does_not_exist_is_named(
    cellclf_command: Command, tmp_path: Path, model: str
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 1})
    assert model in refusal(cellclf_command, "predict", model, "cells")


@pytest.mark.slow
def test_weights_that_cannot_be_fetched_are_refused_with_a_way_out(
    cellclf_process: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 6, "monocyte": 6})
    nowhere = "http://127.0.0.1:9"
    said = refusal(
        cellclf_process,
        *("run", "--data", "cells", "--model", "vgg16", "--image-size", "32"),
        *("--set", "models.vgg16.params.weights=imagenet"),
        http_proxy=nowhere,
        https_proxy=nowhere,
        KERAS_HOME=str(tmp_path / "keras"),
    )
    assert "weights" in said
    assert "none" in said


MANIFEST = BundleManifest(
    architecture="ghost_net",
    distribution="cellclf-ghost",
    distribution_version="1.0",
    classes=("lymphocyte", "monocyte"),
    image_size=32,
    resize="stretch",
    decode_version=DECODE_VERSION,
)


def newer(content: bytes) -> bytes:
    """The same bundle as a later version of cellclf would have written it."""
    return re.sub(rb'(schema_version\\":)\d', rb"\g<1>9", content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content, "pip install cellclf-ghost"),
        (lambda content: content[:-7], "is cut short"),
        (lambda content: content[:100], "is cut short"),
        (newer, "made by a newer cellclf (schema 9)"),
        (lambda content: b"not a bundle at all", "is no cellclf bundle"),
    ],
    ids=["plugin-missing", "cut", "cut-in-the-header", "newer", "other"],
)
def test_a_bundle_that_cannot_be_used_is_refused_with_the_reason(
    cellclf_command: Command, tmp_path: Path, change: Callable[[bytes], bytes], reason: str
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 1})
    bundle = tmp_path / "model.safetensors"
    write_bundle(bundle, MANIFEST, {"kernel": np.zeros((3, 3), np.float32)})
    bundle.write_bytes(change(bundle.read_bytes()))
    said = refusal(cellclf_command, "predict", bundle, "cells")
    assert "model.safetensors" in said
    assert reason in said


def test_a_given_split_that_leaks_is_refused_with_the_tie_and_both_ways_on(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_divided(tmp_path / "cells")
    command = ("run", "--data", "cells", *MODEL, "--group-pattern", r"(?P<patient>p\d+)_")
    done = cellclf_command(*command, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "patient 'p1' is in train" in done.stderr
    assert "--resplit" in done.stderr
    assert "--allow-leakage" in done.stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--group-pattern", "(p"), "data.group_pattern: must be a regular expression"),
        (("--group-pattern", r"p\d"), "data.group_pattern: must have a named group"),
        (("--resplit", "--allow-leakage"), "choose one"),
    ],
)
def test_groups_and_leakage_are_checked_before_anything_is_read(
    cellclf_command: Command, flags: tuple[str, ...], reason: str
) -> None:
    done = cellclf_command("run", "--data", "nowhere", *MODEL, *flags, check=False)
    assert done.returncode == 2
    assert reason in done.stderr


def test_a_table_of_groups_that_is_not_there_is_named(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_divided(tmp_path / "cells")
    said = refusal(
        cellclf_command,
        *("run", "--data", "cells", *MODEL, "--set", "data.group_table.path=no groups.csv"),
    )
    assert "no groups.csv" in said
