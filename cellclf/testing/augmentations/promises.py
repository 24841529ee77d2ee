"""The promises of an augmentation, and where each is tried."""

from __future__ import annotations

from cellclf.specs import AugmentationSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

APPLIED = ("uint8_of_the_same_shape_comes_out",)

PROMISES = described(
    "augmentations.checks",
    AugmentationSpec,
    ("image_is_not_changed", "The image that is given stays as it is.", FOUNDATION),
    (
        "uint8_of_the_same_shape_comes_out",
        "A uint8 image of the same shape comes out, for an image that cannot be written to.",
        ("image_is_not_changed",),
    ),
    ("any_size_is_taken", "Images need not be square, and may be small.", APPLIED),
    (
        "equal_generators_give_equal_images",
        "Two calls with equal generators give the same image.",
        APPLIED,
    ),
    (
        "only_the_generator_decides",
        "The global generators of NumPy and Python play no part.",
        ("equal_generators_give_equal_images",),
    ),
    ("something_changes", "Some images come out changed.", APPLIED),
    ("light_stays_light", "Levels are cut off at 0 and 255 instead of running over.", APPLIED),
    (
        "colours_stay_themselves",
        "No image becomes grey, and no channel takes another's place.",
        ("light_stays_light",),
    ),
    ("speed_is_known", "How long an image takes.", APPLIED),
)
