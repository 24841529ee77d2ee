"""What a bundle says of itself beside its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    ValidationError,
    model_validator,
)

from cellclf.errors import BundleError
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.inference.migrations import SCHEMA_VERSION, migrated
from cellclf.registry import SESSION
from cellclf.specs import NAME_PATTERN
from cellclf.terms import ResizeMode

__all__ = ["BundleManifest", "canonical", "read_manifest"]

MAX_IMAGE_SIZE = 4096
MAX_CLASSES = 10_000
DISTRIBUTION = rf"^({re.escape(SESSION)}|[A-Za-z0-9_][A-Za-z0-9._-]*)$"
"""A name that pip takes, as messages say `pip install` with it; a plugin file; or what stands for
none."""

MAX_WORD = 200

REASONS = 5
"""How many faults of a manifest a message names."""

LONGEST_NAME = 40
"""Characters of a name that a message repeats."""

Word = Annotated[str, Field(max_length=MAX_WORD, pattern=r"^\P{C}*$")]
"""Short, and without control characters, as it stands in messages."""


class BundleManifest(BaseModel):
    """What has to be known beside the weights to predict, and to tell where a model came from."""

    # Infinity is no JSON and is refused where a bundle is written: by default it becomes null.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    schema_version: Literal[2] = 2
    architecture: str = Field(
        max_length=MAX_WORD, pattern=NAME_PATTERN.pattern, description="Name of the model spec."
    )
    distribution: str = Field(
        max_length=MAX_WORD,
        pattern=DISTRIBUTION,
        description="What pip calls the package that offers it.",
    )
    distribution_version: Word = Field(description="Version of that package, when trained.")
    params: dict[str, Any] = Field({}, description="The architecture's parameters.")
    classes: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=2, max_length=MAX_CLASSES, description="In the order of the outputs."
    )
    image_size: int = Field(ge=1, le=MAX_IMAGE_SIZE, description="Height and width in pixels.")
    resize: ResizeMode = Field(description="How images become square.")
    decode_version: int = Field(description="Version of the decoder that it was trained with.")
    synthetic: bool = Field(False, description="Trained on rendered images.")
    leaky: bool = Field(False, description="The figures of its run come from a split that leaks.")
    thresholds: dict[str, FiniteFloat] = Field(
        {},
        description="What turns its probabilities into answers, less what there is by class; "
        "empty where it is not calibrated.",
    )
    confusion: tuple[tuple[NonNegativeInt, ...], ...] | None = Field(
        None,
        description="Validation cells by true class (rows) and answer, `unidentified` last, to "
        "correct counts by.",
    )
    fingerprints: dict[str, Word] = Field({}, description="Hashes of the data and the experiment.")
    environment: dict[str, Word] = Field({}, description="Versions of what it was trained with.")

    def sidecar(self, *, model: str, sha256: str, thresholds: Mapping[str, float]) -> Sidecar:
        """Return what stands beside predictions of the model.

        Args:
            model: Its name in its run, or that of its file.
            sha256: Hash of its bundle.
            thresholds: What turns its probabilities into answers; empty where it is not calibrated.
        """
        return Sidecar(
            classes=self.classes,
            model=model,
            bundle_sha256=sha256,
            versions=self.environment,
            synthetic=self.synthetic,
            leaky=self.leaky,
            calibrated=bool(thresholds),
            thresholds=thresholds,
            confusion_part=None if self.confusion is None else "validation",
            confusion_counts=self.confusion,
        )

    @model_validator(mode="after")
    def _classes_differ(self) -> BundleManifest:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("class names must differ")
        return self

    @model_validator(mode="after")
    def _confusion_is_of_the_classes(self) -> BundleManifest:
        number = len(self.classes)
        if (
            self.confusion is not None
            and [len(row) for row in self.confusion] != [number + 1] * number
        ):
            raise ValueError(f"confusion must have {number} rows of {number + 1} counts")
        return self


def read_manifest(path: Path, written: Mapping[str, Any]) -> BundleManifest:
    """Bring the manifest of a bundle to the present schema, and judge it.

    Args:
        path: What messages call the bundle.
        written: The manifest as it stands there.

    Raises:
        BundleError: It is of a newer schema, or makes no sense; every message names the place.
    """
    version = written.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BundleError(
            f"{path} was made by a newer cellclf (schema {version}); this version reads up to "
            f"{SCHEMA_VERSION}: upgrade cellclf"
        )
    try:
        return BundleManifest.model_validate_json(canonical(migrated(written)), strict=True)
    except ValidationError as error:
        reason = _reasons(error)
    except (ValueError, RecursionError) as error:  # infinity, half a surrogate pair, deep nesting
        reason = str(error)
    raise BundleError(
        f"{path} has a manifest that this version of cellclf cannot read ({reason}). It is "
        "damaged, or was made by another version: train the model again"
    )


def _reasons(error: ValidationError) -> str:
    """The first few of what is wrong; names that a file has made up as they would be quoted."""
    found = [
        ": ".join(filter(None, [".".join(map(_place, detail["loc"])), detail["msg"]]))
        for detail in error.errors()[:REASONS]
    ]
    return "; ".join(found)


def _place(step: str | int) -> str:
    if isinstance(step, int):
        return str(step)
    short = step[:LONGEST_NAME]
    return short if short.isascii() and short.isidentifier() else repr(short)


def canonical(value: Any) -> str:
    """Write JSON in the one way that a digest is made of.

    Raises:
        ValueError: It is no JSON, such as NaN.
    """
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
