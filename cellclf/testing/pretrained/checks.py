"""Checks of what a trained model that comes with a plugin promises."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from cellclf.engines.proof import made_images
from cellclf.errors import BundleError, ExperimentError
from cellclf.experiment import Experiment, read_toml
from cellclf.inference.bundle import Bundle, read_bundle
from cellclf.inference.loading import load_bundles
from cellclf.inference.rebuild import architecture_of
from cellclf.packaged import packaged_file
from cellclf.registry import installed
from cellclf.specs import PretrainedSpec
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "answers_come_out",
    "architecture_is_installed",
    "bundle_fits_into_a_wheel",
    "bundle_opens",
    "card_is_of_the_bundle",
    "data_are_attributed",
    "experiment_makes_it_again",
    "files_are_packaged",
    "trained_images_are_known",
]

MOST_BYTES = 100 << 20
"""100 MiB: what PyPI takes of a file, unless it is asked for more."""

MEGABYTE = 1_000_000

NOT_CLINICAL = "not for clinical use"


class Files:
    """The files of a shipped model.

    Args:
        trial: The model.
    """

    def __init__(self, trial: Trial) -> None:
        assert isinstance(trial.spec, PretrainedSpec)
        self.spec = trial.spec

    @property
    def bundle(self) -> Path:
        """Where the bundle is."""
        return packaged_file(self.spec.bundle)

    @cached_property
    def content(self) -> Bundle:
        """What the bundle holds."""
        return read_bundle(self.bundle)

    @cached_property
    def card(self) -> str:
        """The text of its card."""
        return packaged_file(self.spec.card).read_text(encoding="utf-8")


def data_are_attributed(trial: Trial) -> None:
    """Whoever uses the model learns whose images it was trained on, and under what licence."""
    spec = trial.of(Files).spec
    for field in ("licence", "citation"):
        require(
            bool(getattr(spec, field).strip()),
            f"`{field}` of {trial.subject} must say whose images it was trained on. "
            "Received: nothing",
        )


def files_are_packaged(trial: Trial) -> None:
    """Bundle, card and experiment are in the package."""
    spec = trial.of(Files).spec
    for address in (spec.bundle, spec.card, spec.experiment):
        packaged_file(address)


def bundle_fits_into_a_wheel(trial: Trial) -> str:
    """A registry takes the file."""
    size = trial.of(Files).bundle.stat().st_size
    require(
        size <= MOST_BYTES,
        f"the bundle of {trial.subject} must have at most {MOST_BYTES:,} bytes; `cellclf export "
        f"--format half_bundle` takes half. Received: {size:,}",
    )
    return f"{size / MEGABYTE:.1f} MB"


def bundle_opens(trial: Trial) -> None:
    """It is a bundle, and its digest fits."""
    try:
        trial.of(Files).content  # noqa: B018  reading it is the check
    except BundleError as error:
        raise AssertionError(f"the bundle of {trial.subject} must be sound: {error}") from error


def architecture_is_installed(trial: Trial) -> str:
    """The plugin of its architecture is here, and takes its parameters."""
    files = trial.of(Files)
    try:
        architecture_of(files.bundle, files.content, registry=installed())
    except BundleError as error:
        raise AssertionError(
            f"{trial.subject} must come with the plugin of its architecture: name that in the "
            f"`dependencies` of the package. {error}"
        ) from error
    manifest = files.content.manifest
    return f"{manifest.architecture} of {manifest.distribution}"


def answers_come_out(trial: Trial) -> None:
    """The network is built, and gives probabilities for images."""
    files = trial.of(Files)
    classifier = load_bundles(files.bundle, registry=installed())
    given = classifier.predict_proba(made_images(classifier.image_size, 2))
    require(
        given.shape == (2, len(classifier.classes))
        and bool(np.allclose(given.sum(axis=1), 1, atol=1e-5)),
        f"{trial.subject} must give probabilities of its {len(classifier.classes)} classes. "
        f"Received: shape {given.shape}",
    )


def trained_images_are_known(trial: Trial) -> str:
    """Images that it was trained on are recognised, so that nobody judges it on them."""
    known = len(trial.of(Files).content.trained)
    require(
        known > 0,
        f"the bundle of {trial.subject} must hold the fingerprints of the images that it was "
        "trained on: `cellclf run` writes them. Received: none",
    )
    return f"{known:,} images"


def card_is_of_the_bundle(trial: Trial) -> None:
    """The card is about this very file, and says what whoever uses it has to know."""
    files = trial.of(Files)
    wanted = {
        "the bundle's SHA-256": files.content.sha256,
        "the licence of the images": files.spec.licence,
        "that it is not for clinical use": NOT_CLINICAL,
    }
    missing = [what for what, text in wanted.items() if text.lower() not in files.card.lower()]
    require(
        files.card.startswith("# ") and not missing,
        f"the card of {trial.subject} must be Markdown that begins with a title and says "
        f"{', '.join(wanted)}: `cellclf.ship` writes it anew with the bundle. "
        f"Received: {'none of ' if missing else 'no title'}{', '.join(missing)}",
    )


def experiment_makes_it_again(trial: Trial) -> None:
    """The experiment is a valid one of the same network, and names no place."""
    files = trial.of(Files)
    manifest = files.content.manifest
    try:
        experiment = Experiment(**read_toml(packaged_file(files.spec.experiment)))
    except ExperimentError as error:
        raise AssertionError(f"the experiment of {trial.subject} must be valid: {error}") from error
    models = experiment.models.items()
    found = {(choice.use or label).rpartition("/")[2] for label, choice in models}
    require(
        experiment.data.path is None and experiment.out is None,
        f"the experiment of {trial.subject} must leave the place of the images to --data. "
        f"Received: data.path={str(experiment.data.path)!r}, out={str(experiment.out)!r}",
    )
    require(
        manifest.architecture in found and experiment.data.image_size == manifest.image_size,
        f"the experiment of {trial.subject} must train {manifest.architecture} on images of "
        f"{manifest.image_size} pixels, as the bundle was. Received: {', '.join(sorted(found))}, "
        f"{experiment.data.image_size} pixels",
    )
