"""What the models of a run share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellclf.checking import plan
from cellclf.data.stain_focus import stain_and_focus
from cellclf.errors import DataError
from cellclf.evaluation.drift import UsualLook
from cellclf.pipeline.prepare import load_samples, prepare_data
from cellclf.progress import Silent
from cellclf.registry import installed
from tests.images import write_folder


def test_what_training_images_look_like_is_measured_once_for_all_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", {"round": 30, "long": 40})
    data = {"dataset": "image_folder", "path": "cells", "image_size": 16}
    prepared = prepare_data(plan({"data": data, "models": ["custom_cnn"]}, installed()), Silent())
    assert prepared.usual is prepared.usual
    rows = prepared.split.rows("train")
    wanted = UsualLook.of(
        stain_and_focus(prepared.images[rows]), prepared.samples.labels[rows], classes=2
    )
    np.testing.assert_array_equal(prepared.usual.bands, wanted.bands)


def test_a_division_with_a_seed_of_its_own_is_the_same_for_every_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", {"round": 30, "long": 40})

    def divided(general: int, **split: int) -> list[str]:
        data = {"path": "cells", "image_size": 16, "split": split}
        asked = {"seed": general, "data": data, "models": ["custom_cnn"]}
        return list(prepare_data(plan(asked, installed()), Silent()).split.parts)

    assert divided(1, seed=5) == divided(2, seed=5) == divided(5)
    assert divided(1) != divided(2)


def test_a_set_whose_classes_are_all_left_out_is_refused_by_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", {"round": 2, "long": 2})
    data = {"path": "cells", "classes": {"leave_out": ["round", "long"]}}
    with pytest.raises(DataError, match=r"leave_out must leave two .* Received: all 2 of them"):
        load_samples(plan({"data": data, "models": ["custom_cnn"]}, installed()))
