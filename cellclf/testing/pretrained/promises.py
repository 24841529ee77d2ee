"""The promises of a trained model, and where each is tried."""

from __future__ import annotations

from cellclf.specs import PretrainedSpec
from cellclf.testing.check import described

__all__ = ["PROMISES"]

SOUND = ("bundle_opens",)

PROMISES = described(
    "pretrained.checks",
    PretrainedSpec,
    ("data_are_attributed", "It says whose images it was trained on, and their licence.", ()),
    ("files_are_packaged", "Bundle, card and experiment are files of an importable package.", ()),
    (
        "bundle_fits_into_a_wheel",
        "The bundle has at most 100 MiB.",
        ("files_are_packaged",),
    ),
    ("bundle_opens", "It is a bundle whose digest fits.", ("bundle_fits_into_a_wheel",)),
    (
        "architecture_is_installed",
        "The plugin of its architecture is installed with it.",
        SOUND,
    ),
    (
        "answers_come_out",
        "Its network is built, and gives probabilities.",
        ("architecture_is_installed",),
    ),
    (
        "trained_images_are_known",
        "It knows the images again that it was trained on.",
        SOUND,
    ),
    (
        "card_is_of_the_bundle",
        "The card names the bundle's hash, the licence, and that it is not for clinical use.",
        (*SOUND, "data_are_attributed"),
    ),
    (
        "experiment_makes_it_again",
        "The experiment is a valid one of the same network, without the place of the images.",
        SOUND,
    ),
)
