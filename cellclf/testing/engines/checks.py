"""Checks of what an engine promises, in this process."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import numpy as np

from cellclf.engines.conversion import CONVERTIBLE
from cellclf.engines.proof import made_images, prove
from cellclf.errors import EngineError
from cellclf.network.backend import current
from cellclf.network.outputs import FEATURES, LOGITS
from cellclf.specs import EngineSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.engines.conversion import CLOSE, SIZE, Conversion, Given, reference
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "any_number_of_images_is_taken",
    "calls_leave_each_other_alone",
    "converts_and_opens",
    "folder_holds_its_file",
    "gives_what_keras_gives",
    "requirements_are_installed",
]

NUMBERS = (1, 2, 7, 33)
"""Images at a time: one, and numbers that no batch size divides."""


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
    proof = prove(engine, reference(), two)
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
