"""The experiment: one validated value that says everything a run depends on.

It comes from a TOML file, from the flags of the command line or from Python, and is written beside
the results in full. This module knows its shape; `cellclf.checking` holds it against the plugins.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

import tomli_w
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from cellclf.errors import DataError, ExperimentError, Problem
from cellclf.gates import Gate
from cellclf.schema_problems import schema_problems
from cellclf.terms import Balance, Distribution, Part, Precision, Recipe, ResizeMode, Schedule

__all__ = [
    "AugmentationSettings",
    "CardSettings",
    "ClassSettings",
    "DataSettings",
    "EvaluationSettings",
    "Experiment",
    "GroupTableSettings",
    "ModelChoice",
    "SplitSettings",
    "TrainingSettings",
    "by_label",
    "read_toml",
]

LABEL = r"^[a-z][a-z0-9_]*$"


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_no_flag)]
"""A whole number; true and false, which Python takes for 1 and 0, are none."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None
"""What a person says, or nothing."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ClassSettings(_Settings):
    """Which classes there are, where that differs from the folders."""

    rename: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="New name by old; two to one name are merged."
    )
    leave_out: tuple[str, ...] = Field((), description="Classes to drop, by their old names.")


class SplitSettings(_Settings):
    """The shares of the four parts."""

    train: float = Field(0.65, gt=0, lt=1, description="Share the weights are fitted on.")
    validation: float = Field(0.10, gt=0, lt=1, description="Share every choice is made on.")
    calibration: float = Field(0.10, ge=0, lt=1, description="Share thresholds are set on.")
    test: float = Field(0.15, gt=0, lt=1, description="Share opened once, at the end.")
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


class GroupTableSettings(_Settings):
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


class DataSettings(_Settings):
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


class AugmentationSettings(_Settings):
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


class ModelChoice(_Settings):
    """One network to train."""

    use: str = Field("", description="The architecture; the label itself where left out.")
    params: dict[str, Any] = Field({}, description="The architecture's own parameters.")


class TrainingSettings(_Settings):
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


class EvaluationSettings(_Settings):
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


class CardSettings(_Settings):
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


def by_label(models: Any) -> Any:
    """Return the table of choices that a list of architectures stands for.

    Anything else is returned as it is.

    Raises:
        ValueError: Two of them would have one label.

    Example:
        >>> by_label(["vgg16", "some-plugin/tiny"])
        {'vgg16': {'use': 'vgg16'}, 'tiny': {'use': 'some-plugin/tiny'}}
    """
    names = [models] if isinstance(models, str) else models
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return models
    labels = [name.rpartition("/")[2] for name in names]
    repeated = next((label for label in labels if labels.count(label) > 1), None)
    if repeated is not None:
        raise ValueError(
            f"must not name {repeated!r} twice; give labels: models.first.use = ..., "
            "models.second.use = ..."
        )
    return {label: {"use": name} for label, name in zip(labels, names, strict=True)}


class Experiment(_Settings):
    """Everything that a run depends on.

    Raises:
        ExperimentError: With every problem there is, when made with wrong values.

    Example:
        >>> Experiment(models=["custom_cnn"], training={"epochs": 5}).training.epochs
        5
    """

    seed: Whole = Field(0, ge=0, lt=2**31, description="Decides every random choice.")
    out: Path | None = Field(None, description="The run directory.")
    data: DataSettings = DataSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    models: Annotated[
        dict[Annotated[str, Field(pattern=LABEL)], ModelChoice], BeforeValidator(by_label)
    ] = Field({}, description="Networks by label; every installed architecture where left out.")
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    card: CardSettings = CardSettings()

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ExperimentError(schema_problems(error, root=type(self))) from None

    def to_toml(self) -> str:
        """Write the experiment, less `out`, so that it runs again wherever it is put."""
        return tomli_w.dumps(self._plain())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all but `out` and `card`: equal for experiments that ask for the same."""
        asked = {name: value for name, value in self._plain().items() if name != "card"}
        canonical = json.dumps(asked, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def _plain(self) -> dict[str, Any]:
        without = {"out"} if self.card.stated else {"out", "card"}
        return self.model_dump(mode="json", exclude=without, exclude_none=True)


def read_toml(path: Path) -> dict[str, Any]:
    """Read an experiment file as it stands.

    Raises:
        ExperimentError: No such file, or a file that is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        reason = "must be an experiment file that exists"
    except (OSError, UnicodeDecodeError) as error:
        reason = f"must be a readable text file ({error})"
        if path.is_dir():
            reason = "must be an experiment file; a folder of images is given with --data"
    except tomllib.TOMLDecodeError as error:
        reason = f"must be valid TOML ({error})"
    raise ExperimentError([Problem(place=str(path), expected=reason)])
