"""The promises of an architecture, and where each is tried."""

from __future__ import annotations

from cellclf.specs import ModelSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

BUILT = ("logits_come_out",)

PROMISES = (
    *described(
        "models.construction",
        ModelSpec,
        ("builds_a_keras_model", "`build` returns a Keras model.", FOUNDATION),
        (
            "logits_come_out",
            "One 0-255 RGB image a row in, float32 logits of the right shape out, all finite.",
            ("builds_a_keras_model",),
        ),
        ("logits_not_probabilities", "No softmax at the end: the core applies it.", BUILT),
        (
            "layers_have_their_names",
            "`pixels`, `features` and the layer to explain are there, and no two variables "
            "share a path.",
            ("builds_a_keras_model",),
        ),
        (
            "stages_name_layers",
            "Every stage of fine-tuning is the beginning of a layer's name.",
            ("builds_a_keras_model",),
        ),
        (
            "variable_names_are_stable",
            "Built twice in a process, variables have the same names and shapes.",
            ("builds_a_keras_model",),
        ),
        (
            "explained_layer_gives_maps",
            "The layer to explain gives `(batch, height, width, channels)`.",
            ("layers_have_their_names",),
        ),
        (
            "start_is_a_bundle",
            "`starts_from` gives the path of a bundle, or nothing.",
            FOUNDATION,
        ),
    ),
    *described(
        "models.pixels",
        ModelSpec,
        (
            "pixels_in_declared_range",
            "For 0-255 input the layer `pixels` gives `pixel_range`, and nothing scales it after.",
            ("layers_have_their_names", *BUILT),
        ),
        (
            "channels_in_declared_order",
            "Red comes out of the layer `pixels` where `channel_order` says.",
            ("pixels_in_declared_range",),
        ),
    ),
    *described(
        "models.behaviour",
        ModelSpec,
        (
            "images_are_judged_alone",
            "What is said of an image does not depend on the others in its batch.",
            BUILT,
        ),
        (
            "weights_are_the_whole_state",
            "With the weights of another, a network of the same kind gives the same logits.",
            ("variable_names_are_stable", "images_are_judged_alone"),
        ),
        (
            "training_lowers_the_loss",
            "A few steps on one batch make the loss smaller.",
            ("logits_not_probabilities",),
        ),
        (
            "mixed_precision_gives_float32",
            "Built with bfloat16 inside, it still gives float32 logits.",
            BUILT,
        ),
    ),
    *described(
        "models.elsewhere",
        ModelSpec,
        (
            "saved_and_loaded_alike",
            "A bundle that is written here gives the same numbers in another process.",
            (
                "weights_are_the_whole_state",
                "logits_not_probabilities",
                "layers_have_their_names",
                "stages_name_layers",
                "parameters_are_importable",
            ),
        ),
        (
            "other_backends_agree",
            "On the other installed backend of Keras the same bundle gives the same numbers.",
            ("saved_and_loaded_alike",),
        ),
        (
            "engines_agree",
            "Converted for every installed engine, it gives what Keras gives.",
            ("images_are_judged_alone", "layers_have_their_names"),
        ),
    ),
)
