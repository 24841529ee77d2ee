"""Trained models that come with plugins, with one fault each."""

from __future__ import annotations

from pathlib import Path

from cellclf.registry import SESSION
from tests.shipping import spec, write_package
from tests.testing.wrong.case import Wrong

__all__ = ["RIGHT", "WRONG", "write_packages"]

RIGHT = spec("shipped_right", "right")

FAULTS = (
    ("nobody is cited", "data_are_attributed", "shipped_uncited"),
    ("the card is missing", "files_are_packaged", "shipped_without_card"),
    ("the bundle is as large as a film", "bundle_fits_into_a_wheel", "shipped_large"),
    ("the bundle is damaged", "bundle_opens", "shipped_damaged"),
    ("nothing brings the architecture", "architecture_is_installed", "shipped_homeless"),
    ("the weights are of another network", "answers_come_out", "shipped_unfit"),
    ("images are not known again", "trained_images_are_known", "shipped_forgetful"),
    ("the card is of another bundle", "card_is_of_the_bundle", "shipped_mistaken"),
    ("the experiment names a place", "experiment_makes_it_again", "shipped_placed"),
    ("the experiment is of other images", "experiment_makes_it_again", "shipped_resized"),
)

LARGE = 101 << 20


def write_packages(folder: Path) -> None:
    """Write the packages that the specs name."""
    write_package(folder, "shipped_right", distribution=SESSION)
    for _, _, package in FAULTS:
        bundle = write_package(
            folder,
            package,
            distribution="cellclf-nowhere" if package == "shipped_homeless" else SESSION,
            filters=5 if package == "shipped_unfit" else 4,
            trained=package != "shipped_forgetful",
        )
        card, experiment = bundle.with_suffix(".md"), bundle.with_suffix(".toml")
        text = experiment.read_text(encoding="utf-8")
        match package:
            case "shipped_without_card":
                card.unlink()
            case "shipped_large":
                with bundle.open("ab") as file:
                    file.truncate(LARGE)  # a hole: it takes no room
            case "shipped_damaged":
                content = bundle.read_bytes()
                bundle.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            case "shipped_mistaken":
                card.write_text("# Card\n\nCC BY 4.0. Not for clinical use.\n", encoding="utf-8")
            case "shipped_placed":
                placed = text.replace("[data]\n", '[data]\npath = "cells"\n', 1)
                experiment.write_text(placed, encoding="utf-8")
            case "shipped_resized":
                resized = text.replace("image_size = 16", "image_size = 64")
                experiment.write_text(resized, encoding="utf-8")


WRONG = tuple(
    Wrong(
        fault=fault,
        check=check,
        spec=spec(package, package, **({"citation": " "} if package == "shipped_uncited" else {})),
    )
    for fault, check, package in FAULTS
)
