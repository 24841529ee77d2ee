from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from cellclf.checking import plan
from cellclf.errors import ExperimentError
from cellclf.registry import Plugin, Registry, installed
from cellclf.specs import DatasetSpec, ModelSpec, Params, Spec


class TinyParams(Params):
    dropout: float = Field(0.2, ge=0, lt=1, description="Share of features left out.")


MODEL = ModelSpec(
    name="tiny",
    summary="A model",
    build="nowhere:build",
    params=TinyParams,
    pixel_range=(0, 1),
    explain_layer="features",
    min_image_size=32,
)
DATASET = DatasetSpec(name="toy", summary="A set", load="nowhere:load", needs_path=False)


def registry(*more: Spec) -> Registry:
    core = next(plugin for plugin in installed().plugins if plugin.distribution == "cellclf")
    toys = Plugin(name="toys", distribution="toys", version="1", specs=(MODEL, DATASET, *more))
    return Registry([core, toys])


def checked(**raw: Any) -> Any:
    return plan({"data": {"dataset": "toy"}, **raw}, registry())


def problems(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ExperimentError) as refusal:
        plan(raw, registry())
    return {problem.place: str(problem) for problem in refusal.value.problems}


def test_a_plan_written_as_toml_is_the_same_plan_again() -> None:
    first = checked(models={"tiny": {"params": {"dropout": 0.5}}})
    again = plan(tomllib.loads(first.experiment.to_toml()), registry())
    assert again.experiment == first.experiment
    assert again.models["tiny"].params == TinyParams(dropout=0.5)


def test_every_installed_architecture_is_trained_where_none_is_named() -> None:
    assert list(checked().models) == ["tiny"]


def test_one_architecture_may_be_trained_under_two_labels() -> None:
    found = checked(models={"weak": {"use": "tiny"}, "strong": {"use": "toys/tiny"}})
    assert [choice.spec for choice in found.models.values()] == [MODEL, MODEL]


def test_the_core_offers_augmentations_and_metrics_by_default() -> None:
    found = checked()
    assert "rotation" in found.augmentations
    assert "accuracy" in found.metrics


def test_a_default_survives_a_plugin_that_takes_its_name() -> None:
    thief = type(next(iter(checked().metrics.values())).spec)(
        name="accuracy", summary="Mine", compute="nowhere:compute"
    )
    found = plan({"data": {"dataset": "toy"}}, registry(thief))
    assert found.metrics["cellclf/accuracy"].distribution == "cellclf"


def test_settings_names_and_parameters_are_all_reported_at_once() -> None:
    said = problems(
        {
            "data": {"dataset": "toi"},
            "training": {"epochs": 0},
            "models": {"tiny": {"params": {"dropot": 0.1}}, "tyny": {}},
            "augmentation": {"params": {"rotatoin": {}}},
        }
    )
    assert "Did you mean 'toy'" in said["data.dataset"]
    assert "greater than or equal to 1" in said["training.epochs"]
    assert "Did you mean 'dropout'" in said["models.tiny.params.dropot"]
    assert "Did you mean 'tiny'" in said["models.tyny"]
    assert "Did you mean 'rotation'" in said["augmentation.params.rotatoin"]


def test_a_parameter_out_of_range_is_named_with_its_value() -> None:
    said = problems({"data": {"dataset": "toy"}, "models": {"tiny": {"params": {"dropout": 2}}}})
    assert said["models.tiny.params.dropout"].endswith("must be less than 1. Received: 2")


def test_a_data_set_that_reads_files_wants_to_know_where() -> None:
    assert "--data" in problems({"data": {"dataset": "image_folder"}})["data.path"]


def test_an_image_too_small_for_a_model_is_said_before_training() -> None:
    said = problems({"data": {"dataset": "toy", "image_size": 16}, "models": ["tiny"]})
    assert "at least 32" in said["data.image_size"]


def test_groups_are_a_setting_of_every_data_set_and_no_parameter_of_one() -> None:
    pattern = r"(?P<patient>C\d+)"
    found = checked(data={"dataset": "toy", "group_pattern": pattern})
    assert found.experiment.data.group_pattern == pattern
    with pytest.raises(ExperimentError, match=r"Did you mean 'data\.group_pattern'"):
        checked(data={"dataset": "toy", "params": {"group_pattern": pattern}})


def test_the_place_of_a_table_of_groups_does_not_hang_on_where_the_run_was_started() -> None:
    found = checked(data={"dataset": "toy", "group_table": {"path": "groups.csv"}})
    assert found.experiment.data.group_table.path == Path("groups.csv").absolute()
