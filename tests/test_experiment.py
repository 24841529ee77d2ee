from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.errors import ExperimentError
from cellclf.experiment import Experiment, read_toml

shares = st.tuples(*[st.integers(1, 20)] * 4).map(
    lambda parts: {
        name: part / sum(parts)
        for name, part in zip(("train", "validation", "calibration", "test"), parts, strict=True)
    }
)
experiments = st.builds(
    lambda seed, epochs, split, balance, smoothing, names: Experiment(
        seed=seed,
        data={"dataset": "image_folder", "path": "cells", "split": split},
        augmentation={"balance": balance},
        training={"epochs": epochs, "label_smoothing": smoothing},
        models=names,
    ),
    st.integers(0, 2**31 - 1),
    st.integers(1, 1000),
    shares,
    st.sampled_from(["augment", "weights", "none"]),
    st.floats(0, 0.5),
    st.lists(st.sampled_from(["one", "two", "three"]), unique=True),
)


@given(experiments)
def test_an_experiment_written_as_toml_reads_back_as_itself(experiment: Experiment) -> None:
    again = Experiment(**tomllib.loads(experiment.to_toml()))
    assert again == experiment
    assert again.fingerprint == experiment.fingerprint


def test_the_place_of_the_results_is_no_part_of_what_is_asked_for() -> None:
    here, there = Experiment(out="here"), Experiment(out="there")
    assert here.fingerprint == there.fingerprint
    assert "out" not in tomllib.loads(here.to_toml())


def test_every_problem_is_named_with_its_place_and_the_nearest_right_name() -> None:
    with pytest.raises(ExperimentError) as refusal:
        Experiment(
            data={"image_sise": 64, "split": {"train": 0.9}},
            training={"epochs": "ten", "schedule": "one_cycel"},
            augmentaton={},
        )
    said = {problem.place: problem for problem in refusal.value.problems}
    assert said["data.image_sise"].nearest == "image_size"
    assert "sum to 1" in said["data.split"].expected
    assert said["training.epochs"].received == "'ten'"
    assert said["training.schedule"].nearest == "one_cycle"
    assert said["augmentaton"].nearest == "augmentation"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"epochs": 2}, "Did you mean 'training.epochs'"),
        ({"models": {"a": {"width": 16}}}, "Did you mean 'params.width'"),
        ({"data": "cells"}, "must be a table of settings"),
        ({"training": {"epochs": True}}, "must be a whole number"),
        ({"data": {"classes": {"rename": {"a": ""}}}}, "at least 1 character"),
        ({"data": {"classes": {"leave_out": "basophil"}}}, "must be a list, such as"),
    ],
)
def test_a_setting_in_the_wrong_place_or_form_is_pointed_to_the_right_one(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ExperimentError) as refusal:
        Experiment(**values)
    assert said in str(refusal.value)


def test_a_label_that_could_not_be_a_file_name_is_refused() -> None:
    with pytest.raises(ExperimentError, match="lower-case letters"):
        Experiment(models={"../evil": {}})


def test_models_may_be_a_list_of_architectures() -> None:
    experiment = Experiment(models=["custom_cnn", "some-plugin/vgg16"])
    assert {label: choice.use for label, choice in experiment.models.items()} == {
        "custom_cnn": "custom_cnn",
        "vgg16": "some-plugin/vgg16",
    }


def test_two_architectures_of_one_name_need_labels_of_their_own() -> None:
    with pytest.raises(ExperimentError, match="must not name 'tiny' twice"):
        Experiment(models=["one-plugin/tiny", "other-plugin/tiny"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "exists"), (b"seed = = 1", "valid TOML"), (b"\xff\xfe\x00", "readable text")],
)
def test_a_file_that_is_no_experiment_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "experiment.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExperimentError, match=reason):
        read_toml(path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", "must be a regular expression"), (r"C(\d+)", "must have a named group")],
)
def test_a_pattern_that_cannot_name_groups_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=rf"data\.group_pattern: {message}"):
        Experiment(data={"group_pattern": pattern})


def test_dividing_anew_and_allowing_leakage_exclude_each_other() -> None:
    with pytest.raises(ExperimentError, match=r"data\.split: cannot both .* choose one"):
        Experiment(data={"split": {"keep_given": False, "allow_leakage": True}})


def test_a_gate_that_is_none_is_a_problem_of_the_experiment() -> None:
    with pytest.raises(ExperimentError, match=r"evaluation\.gates: must look like"):
        Experiment(evaluation={"gates": ["accuracy"]})


def test_what_only_a_person_knows_changes_no_fingerprint_and_comes_back() -> None:
    silent = Experiment(models=["custom_cnn"])
    told = Experiment(models=["custom_cnn"], card={"site": "  Ward 7 \n", "stain": "Giemsa"})
    assert told.fingerprint == silent.fingerprint
    assert told.card.stated == {"site": "Ward 7", "stain": "Giemsa"}
    assert "card" not in silent.to_toml()
    assert Experiment(**tomllib.loads(told.to_toml())).card == told.card


def test_an_empty_text_of_the_card_is_refused() -> None:
    with pytest.raises(ExperimentError, match=r"card\.site"):
        Experiment(card={"site": " "})
