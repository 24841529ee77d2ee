"""The tables of an experiment, each with its settings, their defaults and what they may be."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from cellclf.errors import DataError
from cellclf.gates import Gate
from cellclf.terms import Balance, Distribution, Part, Precision, Recipe, ResizeMode, Schedule

__all__ = [
    "AugmentationSettings",
    "CardSettings",
    "ClassSettings",
    "DataSettings",
    "EvaluationSettings",
    "GroupTableSettings",
    "ModelChoice",
    "Settings",
    "SplitSettings",
    "TrainingSettings",
    "Whole",
]


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_no_flag)]
"""A whole number; true and false, which Python takes for 1 and 0, are none."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None
"""What a person says, or nothing."""


class Settings(BaseModel):
    """Base of every table: frozen, and strict about unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ClassSettings(Settings):
    """Which classes there are, where that differs from the folders."""

    rename: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="New name by old; two to one name are merged."
    )
    leave_out: tuple[str, ...] = Field((), description="Classes to drop, by their old names.")


class SplitSettings(Settings):
    """The shares of the four parts."""

    train: float = Field(0.65, gt=0, lt=1, description="Share the weights are fitted on.")
    validation: float = Field(0.10, gt=0, lt=1, description="Share every choice is made on.")
    calibration: float = Field(0.10, ge=0, lt=1, description="Share thresholds are set on.")
    test: float = Field(0.15, gt=0, lt=1, description="Share opened once, at the end.")
    seed: Whole | None = Field(
        None,
        ge=0,
        lt=2**31,
        description="Decides the division; `seed` where left out. With one of its own, trainings "
        "with other seeds share their test part.",
    )
    keep_given: bool = Field(
        True, description="Keep the parts that the data set comes with (false: --resplit)."
    )
    allow_leakage: bool = Field(
        False,
        description="Go on where the parts that the data set comes with leak; every figure is then "
        "marked as leaky (--allow-leakage).",
    )

    @property
    def fractions(self) -> dict[Part, float]:
        """Share of each part."""
        return {
            "train": self.train,
            "validation": self.validation,
            "calibration": self.calibration,
            "test": self.test,
        }

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        total = sum(self.fractions.values())
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(
                f"the four shares must sum to 1, they sum to {total:g}: change another one too"
            )
        return self

    @model_validator(mode="after")
    def _leakage_is_of_given_parts(self) -> Self:
        if self.allow_leakage and not self.keep_given:
            raise ValueError(
                "cannot both divide anew (keep_given = false, --resplit), which never leaks, and "
                "allow leakage (allow_leakage = true, --allow-leakage): choose one"
            )
        return self


class GroupTableSettings(Settings):
    """A table beside the images that says what belongs together."""

    path: Path | None = Field(None, description="The CSV file; one row a sample.")
    path_column: str = Field(
        "path",
        description="Column with the sample's id, or the end of it, such as the file's name.",
    )
    group_columns: tuple[str, ...] = Field(
        ("group",),
        min_length=1,
        description="Columns whose equal values must stay in one part, such as patient and slide.",
    )


class DataSettings(Settings):
    """Where the images come from and what is done to them before anything else."""

    dataset: str = Field("image_folder", description="A dataset plugin.")
    path: Path | None = Field(None, description="The folder or file it reads.")
    params: dict[str, Any] = Field({}, description="The plugin's own parameters.")
    group_pattern: str | None = Field(
        None,
        description="Regular expression with named groups, searched in each id (for files, the "
        r"path below the folder): with (?P<patient>C\d+) all images of C132 stay in one part. "
        "Every id must match; a named group that is optional may stay empty.",
    )
    group_table: GroupTableSettings = GroupTableSettings()
    image_size: Whole = Field(128, ge=16, le=1024, description="Height and width in pixels.")
    resize: ResizeMode = Field(
        "stretch", description="Fill the square, or keep the aspect ratio and pad."
    )
    classes: ClassSettings = ClassSettings()
    split: SplitSettings = SplitSettings()

    @field_validator("group_pattern")
    @classmethod
    def _has_named_groups(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            names = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from error
        if not names:
            raise ValueError("must have a named group, such as (?P<patient>...)")
        return pattern


class AugmentationSettings(Settings):
    """How training images are varied and the classes balanced."""

    balance: Balance = Field(
        "augment",
        description="Fill every class up to the largest with augmented views, weigh the loss, or "
        "leave the classes as they are.",
    )
    steps: tuple[str, ...] | None = Field(
        None, description="Augmentation plugins in the order they are applied."
    )
    params: dict[str, dict[str, Any]] = Field({}, description="Parameters, by step.")


class ModelChoice(Settings):
    """One network to train."""

    use: str = Field("", description="The architecture; the label itself where left out.")
    params: dict[str, Any] = Field({}, description="The architecture's own parameters.")


class TrainingSettings(Settings):
    """How the weights are fitted."""

    recipe: Recipe = Field(
        "from_scratch",
        description="Train all layers; only the head, on features of the backbone as it is; or the "
        "head first and then the backbone too, by stages from the top.",
    )
    epochs: Whole = Field(100, ge=1, description="Passes over the balanced training part.")
    head_epochs: Whole = Field(
        10, ge=1, description="With fine_tune: how many of the epochs train the head alone."
    )
    unfreezing: Whole = Field(
        2, ge=1, description="With fine_tune: in how many steps the stages of the backbone join."
    )
    fine_tune_rate: float = Field(
        0.1, gt=0, le=1, description="With fine_tune: share of the rate once the backbone learns."
    )
    feature_views: Whole = Field(
        0,
        ge=0,
        le=1000,
        description="Augmented views of each training image whose features are kept for training "
        "the head; 0: only the image as it is.",
    )
    feature_batch_size: Whole = Field(
        256,
        ge=2,
        le=65536,
        description="Most features a step while the head is trained alone. An epoch has at least "
        "eight steps where batch_size allows it, and the rate grows with the root of the size.",
    )
    time_budget: float | None = Field(
        None,
        gt=0,
        description="Seconds that each model may train for, in place of a number of epochs: the "
        "schedule is fitted to them, and early stopping does not apply.",
    )
    batch_size: Whole = Field(32, ge=2, le=4096, description="Images a step.")
    precision: Precision = Field(
        "auto",
        description="Numbers that training computes with; auto: those of Keras' configuration, and "
        "where that says nothing, half precision on a graphics card that is quicker with it.",
    )
    learning_rate: float | None = Field(
        None, gt=0, le=10, description="Peak rate; the architecture's own where left out."
    )
    schedule: Schedule = Field(
        "one_cycle", description="Warm up and anneal along a cosine, or stay at the peak."
    )
    warmup: float = Field(0.15, ge=0, lt=1, description="Share of the steps spent warming up.")
    weight_decay: float = Field(0.05, ge=0, description="Decoupled decay of AdamW.")
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="Share spread over all classes.")
    averaging: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="With one_cycle, weights kept near its end are averages over about this share "
        "of the steps; 0: none.",
    )
    early_stopping: bool = Field(True, description="Stop when validation no longer improves.")
    patience: Whole = Field(
        20,
        ge=1,
        description="Epochs without improvement before stopping; with one_cycle, of those after "
        "the rate has fallen to half.",
    )
    distribution: Distribution = Field(
        "none",
        description="Train on one device, or share every batch out over all devices of all "
        "processes, which needs KERAS_BACKEND=jax; `batch_size` is that of all together.",
    )
    callbacks: tuple[str, ...] = Field((), description="Callback plugins that watch the training.")
    callback_params: dict[str, dict[str, Any]] = Field({}, description="Parameters, by callback.")

    @model_validator(mode="after")
    def _can_be_shared_out(self) -> Self:
        if self.distribution != "none" and self.recipe != "from_scratch":
            raise ValueError(
                'cannot be shared out over devices (distribution = "data_parallel") with another '
                'recipe than "from_scratch"'
            )
        if self.distribution != "none" and self.time_budget is not None:
            raise ValueError(
                'cannot both be shared out over devices (distribution = "data_parallel") and end '
                "by the clock (time_budget): the clocks of several processes differ"
            )
        return self

    @model_validator(mode="after")
    def _every_phase_has_an_epoch(self) -> Self:
        if self.recipe == "fine_tune" and self.head_epochs >= self.epochs:
            raise ValueError(
                'must have more epochs than head_epochs with recipe = "fine_tune": they are '
                f"{self.epochs} and {self.head_epochs}"
            )
        return self


class EvaluationSettings(Settings):
    """What is computed from the predictions."""

    metrics: tuple[str, ...] | None = Field(None, description="Metric plugins, in print order.")
    params: dict[str, dict[str, Any]] = Field({}, description="Parameters, by metric.")
    gates: tuple[str, ...] = Field(
        (),
        description="What the best model must reach on the test part, such as "
        "'sensitivity.basophil >= 0.95 (lower bound)'; the command ends with status 3 otherwise.",
    )
    target_accuracy: float = Field(
        0.98,
        gt=0,
        lt=1,
        description="Accuracy that answers must be shown to have to need no review by a person.",
    )
    set_coverage: float = Field(
        0.95,
        gt=0,
        lt=1,
        description="Share of the cells of each class that the set of possible classes must hold.",
    )
    refused: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Share of the cells of known classes that may be called none of the classes, "
        "so that what is none of them is found.",
    )

    @field_validator("gates")
    @classmethod
    def _are_gates(cls, gates: tuple[str, ...]) -> tuple[str, ...]:
        for text in gates:
            try:
                Gate.parsed(text)
            except DataError as error:
                raise ValueError(str(error)) from error
        return gates


class CardSettings(Settings):
    """What only a person knows; the model card says "not stated" where it is left out.

    None of it changes a figure: a run that is complete is reported anew, and not trained anew, when
    it is asked for again with other texts.
    """

    intended_use: Words = Field(None, description="What the model is for.")
    users: Words = Field(None, description="Who is to use it, and what they must know.")
    out_of_scope: Words = Field(None, description="What it must not be used for.")
    patients: Words = Field(None, description="Whose cells these are, and how they were chosen.")
    site: Words = Field(None, description="Where the images were taken.")
    dates: Words = Field(None, description="When they were taken.")
    stain: Words = Field(None, description="Stain and preparation of the smears.")
    scanner: Words = Field(None, description="Microscope, objective and camera, or the scanner.")
    labels: Words = Field(
        None, description="Who named the cells, how, how well they agree, what settled disputes."
    )
    ethics: Words = Field(None, description="Approval and consent, or why none is needed.")
    funding: Words = Field(None, description="Who paid, and what part they had in the work.")
    availability: Words = Field(
        None, description="Where the model, the images and the code can be had, and their licences."
    )
    contact: Words = Field(None, description="Whom to ask.")

    @property
    def stated(self) -> dict[str, str]:
        """What is said, by name."""
        return self.model_dump(exclude_none=True)
