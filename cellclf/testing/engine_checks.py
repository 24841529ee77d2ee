"""Checks of what an engine promises, on a network of the fewest layers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.engines.converted import CONVERTIBLE, Converted
from cellclf.engines.engine import KerasEngine
from cellclf.engines.proof import made_images, prove
from cellclf.engines.serving import served
from cellclf.errors import EngineError
from cellclf.network.backend import current
from cellclf.network.outputs import FEATURES, LOGITS
from cellclf.specs import EngineSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.place_checks import UNUSUAL
from cellclf.testing.processes import HEAVY, fresh
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "any_number_of_images_is_taken",
    "calls_leave_each_other_alone",
    "converts_and_opens",
    "folder_holds_its_file",
    "gives_what_keras_gives",
    "opens_anywhere_without_keras",
    "requirements_are_installed",
]

SIZE = 16
CLASSES = 3
NUMBERS = (1, 2, 7, 33)
"""Images at a time: one, and numbers that no batch size divides."""

CLOSE = partial(np.allclose, rtol=1e-4, atol=1e-3)

OPENED = f"""
import json, sys
from importlib import import_module
from pathlib import Path
import numpy as np
from cellclf.specs import resolve

module, kind, values, reference, folder, images, answers = json.loads(sys.argv[1])
params = getattr(import_module(module), kind).model_validate(values)
given = resolve(reference)(Path(folder), params)(np.load(images))
np.savez(answers, **given)
print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))
"""

Given = Mapping[str, NDArray[np.float32]]
Run = Callable[[NDArray[np.uint8]], Given]


class Conversion:
    """A tiny network, converted into a folder and opened from there.

    Args:
        trial: The engine.
    """

    def __init__(self, trial: Trial) -> None:
        self.network = served(_tiny())
        # Compiling takes longer than a few images.
        self.network.run_eagerly = True
        self.folder = trial.folder()
        trial.function("convert")(
            self.network, self.folder, trial.params, metadata={"model": "tiny"}
        )
        self.run: Run = trial.function("open")(self.folder, trial.params)

    def engine(self, trial: Trial) -> Converted:
        """The engine as predictions use it."""
        return Converted(trial.spec.name, self.run)


def requirements_are_installed(trial: Trial) -> str:
    """What it computes with is here, under the names that pip knows."""
    assert isinstance(trial.spec, EngineSpec)
    found = []
    for distribution in trial.spec.requires:
        try:
            found.append(f"{distribution} {version(distribution)}")
        except PackageNotFoundError:
            raise AssertionError(
                f"{trial.subject} needs {distribution}, by its `requires`: "
                f"pip install {distribution}"
            ) from None
    return ", ".join(found)


def converts_and_opens(trial: Trial) -> None:
    """A network becomes files, and files answer by the names of its outputs."""
    if current() != CONVERTIBLE:
        raise InapplicableError(f"engines are made from networks on {CONVERTIBLE}")
    try:
        given = trial.of(Conversion).run(made_images(SIZE, 2))
    except (EngineError, AssertionError):
        raise
    except Exception as error:
        raise AssertionError(
            f"{trial.subject} must convert and open a network of one convolution. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    require(
        {LOGITS, FEATURES} <= set(given),
        f"{trial.subject} must give the outputs of the network by name, {LOGITS} and {FEATURES}. "
        f"Received: {', '.join(given)}",
    )


def folder_holds_its_file(trial: Trial) -> None:
    """`file` opens it; without one, the folder does."""
    assert isinstance(trial.spec, EngineSpec)
    written = sorted(path.name for path in trial.of(Conversion).folder.iterdir())
    require(
        bool(written) and (not trial.spec.file or trial.spec.file in written),
        f"{trial.subject} must write `file`, {trial.spec.file!r}, into the folder. "
        f"Received: {written}",
    )


def gives_what_keras_gives(trial: Trial) -> str:
    """The proof that every network passes before it is used."""
    conversion = trial.of(Conversion)
    engine = conversion.engine(trial)
    two = made_images(SIZE, 2)
    proof = prove(engine, _reference(), two)
    return f"probabilities differ by up to {proof.probabilities:.1e}"


def any_number_of_images_is_taken(trial: Trial) -> None:
    """One image or many, in their order, and none made up."""
    conversion = trial.of(Conversion)
    for number in NUMBERS:
        images = made_images(SIZE, number)
        try:
            found = conversion.run(images)
        except Exception as error:
            raise AssertionError(
                f"{trial.subject} must take any number of images. "
                f"Received for {number}: {type(error).__name__}: {error}"
            ) from error
        expected: Given = conversion.network.predict_on_batch(images)
        for name in (LOGITS, FEATURES):
            one, other = np.asarray(found[name]), np.asarray(expected[name])
            require(
                one.shape == other.shape and CLOSE(one, other),
                f"{trial.subject} must give {name} of shape {other.shape} for {number} images, "
                f"those of each image in its place. Received: shape {one.shape}",
            )


def calls_leave_each_other_alone(trial: Trial) -> None:
    """What a call gave stays as it was when the next call is made."""
    run = trial.of(Conversion).run
    first = run(made_images(SIZE, 4))
    kept = {name: np.array(array) for name, array in first.items()}
    run(made_images(SIZE, 4, seed=1))
    require(
        all(np.array_equal(first[name], kept[name]) for name in kept),
        f"{trial.subject} must give arrays that its next call leaves alone: copy them",
    )


def opens_anywhere_without_keras(trial: Trial) -> None:
    """A fresh process opens the folder, moved to an unusual place, and imports no Keras."""
    assert isinstance(trial.spec, EngineSpec)
    conversion, place = trial.of(Conversion), trial.folder()
    moved = Path(shutil.copytree(conversion.folder, place / UNUSUAL))
    images = made_images(SIZE, 3)
    np.save(place / "images.npy", images)
    kind = trial.spec.params
    asked: list[Any] = [
        kind.__module__,
        kind.__name__,
        trial.params.model_dump(mode="json"),
        trial.spec.open,
        str(moved),
        str(place / "images.npy"),
        str(place / "answers.npz"),
    ]
    aside = place / "aside"
    conversion.folder.rename(aside)
    try:
        imported = fresh(OPENED, json.dumps(asked))
    finally:
        aside.rename(conversion.folder)
    require(
        not imported,
        f"`open` of {trial.subject} must not import {', '.join(HEAVY)}: a network that is "
        f"converted answers at once. Received: {', '.join(imported)}",
    )
    with np.load(place / "answers.npz") as answered:
        found, expected = answered[LOGITS], conversion.run(images)[LOGITS]
    require(
        CLOSE(found, expected),
        f"{trial.subject} must give the same in another process",
    )


@cache
def _reference() -> KerasEngine:
    return KerasEngine(_tiny())


@cache
def _tiny() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="stem")(x)
    x = keras.layers.GlobalAveragePooling2D(name=FEATURES)(x)
    return keras.Model(image, keras.layers.Dense(CLASSES, name=LOGITS)(x))
