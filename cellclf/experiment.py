"""The experiment: one validated value that says everything a run depends on.

It comes from a TOML file, from the flags of the command line or from Python, and is written beside
the results in full. This module knows its shape; `cellclf.checking` holds it against the plugins.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
)

from cellclf.errors import ExperimentError, Problem
from cellclf.schema_problems import schema_problems
from cellclf.settings import (
    AugmentationSettings,
    CardSettings,
    DataSettings,
    EvaluationSettings,
    ModelChoice,
    Settings,
    TrainingSettings,
    Whole,
)

__all__ = ["Experiment", "by_label", "differing", "laid_over", "read_toml"]

LABEL = r"^[a-z][a-z0-9_]*$"


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


class Experiment(Settings):
    """Everything that a run depends on.

    Raises:
        ExperimentError: With every problem there is, when made with wrong values.

    Example:
        >>> Experiment(models=["custom_cnn"], training={"epochs": 5}).training.epochs
        5
    """

    seed: Whole = Field(0, ge=0, lt=2**31, description="Decides every random choice.")
    out: Path | None = Field(None, description="The run directory.")
    trained_in: Path | None = Field(
        None,
        description="The directory of a finished run whose networks are taken over, not trained "
        "anew: what is left out here is as it was there, and only `evaluation` may differ.",
    )
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
        """Write the experiment, less `out` and `trained_in`, so that it runs again anywhere."""
        return tomli_w.dumps(self._plain())

    @property
    def asked(self) -> dict[str, Any]:
        """All but `out`, `trained_in` and `card`, as plain tables: what decides every figure."""
        return {name: value for name, value in self._plain().items() if name != "card"}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `asked`: equal for experiments that ask for the same."""
        canonical = json.dumps(self.asked, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def training_asked(self) -> dict[str, Any]:
        """What decides how networks come out, beside the images, wherever these lie; as tables."""
        asked = self.asked
        asked["data"].pop("path", None)
        del asked["evaluation"]
        return asked

    def _plain(self) -> dict[str, Any]:
        without = {"out", "trained_in"} | (set() if self.card.stated else {"card"})
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


def laid_over(raw: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` with `more` over it, tables merged setting by setting.

    Example:
        >>> laid_over({"data": {"path": "cells"}}, {"data": {"image_size": 64}, "seed": 1})
        {'data': {'path': 'cells', 'image_size': 64}, 'seed': 1}
    """
    merged = dict(raw)
    for name, value in more.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = laid_over(below, value)
        else:
            merged[name] = value
    return merged


def differing(one: Any, other: Any, key: str = "") -> Iterator[str]:
    """Yield the dotted keys of the settings that two tables have not alike, in their order.

    Example:
        >>> list(differing({"seed": 1, "data": {"image_size": 64}}, {"seed": 1}))
        ['data']
        >>> list(differing({"data": {"image_size": 64}}, {"data": {"image_size": 32}}))
        ['data.image_size']
    """
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        yield key
        return
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield from differing(one.get(name), other.get(name), f"{key}.{name}".lstrip("."))
