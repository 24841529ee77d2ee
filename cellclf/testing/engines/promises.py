"""The promises of an engine, and where each is tried."""

from __future__ import annotations

from cellclf.specs import EngineSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

OPENED = ("converts_and_opens",)

PROMISES = (
    *described(
        "engines.checks",
        EngineSpec,
        ("requirements_are_installed", "Everything in `requires` is installed.", ()),
        (
            "converts_and_opens",
            "A network is converted and opened, and answers by the names of its outputs.",
            (*FOUNDATION, "requirements_are_installed"),
        ),
        ("folder_holds_its_file", "The folder holds `file`.", OPENED),
        ("gives_what_keras_gives", "Probabilities and features are those of Keras.", OPENED),
        (
            "any_number_of_images_is_taken",
            "One image or many are answered, each in its place.",
            ("gives_what_keras_gives",),
        ),
        (
            "calls_leave_each_other_alone",
            "What a call gave stays as it was when the next is made.",
            ("gives_what_keras_gives",),
        ),
    ),
    *described(
        "engines.elsewhere",
        EngineSpec,
        (
            "opens_anywhere_without_keras",
            "Another process opens the folder elsewhere without TensorFlow, JAX, PyTorch or Keras.",
            ("gives_what_keras_gives", "parameters_are_importable"),
        ),
        (
            "nothing_is_written_to_the_terminal",
            "Converting, opening and computing write nothing to the terminal.",
            ("gives_what_keras_gives", "parameters_are_importable"),
        ),
    ),
)
