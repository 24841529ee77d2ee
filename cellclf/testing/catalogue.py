"""Every check of the conformance kit, by the kind of spec whose promise it tries."""

from __future__ import annotations

from cellclf.errors import PluginError, hint
from cellclf.specs import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    PretrainedSpec,
    Spec,
)
from cellclf.testing.check import Check

__all__ = ["CHECKS", "checks_for", "named"]

FOUNDATION = ("references_resolve", "parameters_fit")
"""What everything stands on that calls the plugin's functions."""


def _group(
    module: str, kind: type[Spec], *described: tuple[str, str, tuple[str, ...]]
) -> tuple[Check, ...]:
    return tuple(
        Check(
            name=name,
            summary=summary,
            run=f"cellclf.testing.{module}:{name}",
            kind=kind,
            needs=needs,
        )
        for name, summary, needs in described
    )


ALL_KINDS = _group(
    "spec_checks",
    Spec,
    ("summary_is_one_line", "The summary is one line of text.", ()),
    ("references_resolve", "Every function that the spec names can be imported.", ()),
    (
        "parameters_fit",
        "The parameters that it is tried with are valid; without any, all have defaults.",
        (),
    ),
    (
        "parameters_are_described",
        "Every parameter has a type and a description, and can be written to TOML.",
        (),
    ),
    ("unknown_parameters_are_refused", "A parameter that there is not is refused.", ()),
    (
        "parameters_are_importable",
        "The class of the parameters is one of a module, so that other processes find it.",
        (),
    ),
    (
        "listing_imports_nothing_heavy",
        "Asking the plugin what it offers imports no TensorFlow, JAX, PyTorch or Keras.",
        (),
    ),
)

BUILT = ("logits_come_out",)

MODELS = (
    *_group(
        "model_checks",
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
            "pixels_in_declared_range",
            "For 0-255 input the layer `pixels` gives `pixel_range`, and nothing scales it after.",
            ("layers_have_their_names", *BUILT),
        ),
        (
            "channels_in_declared_order",
            "Red comes out of the layer `pixels` where `channel_order` says.",
            ("pixels_in_declared_range",),
        ),
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
        (
            "start_is_a_bundle",
            "`starts_from` gives the path of a bundle, or nothing.",
            FOUNDATION,
        ),
    ),
    *_group(
        "model_process_checks",
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

LOADED = ("samples_load",)

DATASETS = _group(
    "dataset_checks",
    DatasetSpec,
    (
        "publication_is_named",
        "A published set says licence, citation, homepage and how to get it.",
        (),
    ),
    ("samples_load", "`load` reads the set and returns `cellclf.Samples`.", FOUNDATION),
    (
        "classes_in_declared_order",
        "Two classes or more, each with samples, every sample with one, in the declared order.",
        LOADED,
    ),
    ("ids_are_portable", "Ids are relative paths, the same on every system.", LOADED),
    ("groups_are_named", "Groups are text under the name of what they are.", LOADED),
    ("splits_divide", "A given division has known parts, and more than one.", LOADED),
    (
        "groups_stay_in_one_part",
        "A given division keeps every group in one part.",
        ("groups_are_named", "splits_divide"),
    ),
    (
        "addresses_are_distinct",
        "Every sample has a file or image of its own, below the given place.",
        LOADED,
    ),
    ("images_can_be_read", "Every sample is a readable image.", ("addresses_are_distinct",)),
    ("loading_twice_agrees", "Loaded twice, the samples are the same, in the same order.", LOADED),
    (
        "listing_order_does_not_matter",
        "Folders may list their files in any order.",
        ("loading_twice_agrees",),
    ),
    (
        "place_does_not_matter",
        "A copy under a path with blanks and non-ASCII letters gives the same samples and is left "
        "as it is.",
        ("listing_order_does_not_matter", "addresses_are_distinct", "ids_are_portable"),
    ),
    (
        "labels_follow_their_files",
        "Without some of the files, the other samples keep their labels, groups and parts.",
        ("place_does_not_matter", "groups_stay_in_one_part"),
    ),
    (
        "zip_file_agrees",
        "A zip file of the folder gives the same samples; a damaged one is refused.",
        ("place_does_not_matter",),
    ),
    (
        "what_is_no_set_is_refused",
        "What holds no set is refused with the place, and how to get the set.",
        LOADED,
    ),
    (
        "loading_imports_nothing_heavy",
        "`load` imports no TensorFlow, JAX, PyTorch or Keras.",
        (*LOADED, "parameters_are_importable"),
    ),
)

APPLIED = ("uint8_of_the_same_shape_comes_out",)

AUGMENTATIONS = _group(
    "augmentation_checks",
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

FIGURES = ("figures_come_out",)

METRICS = _group(
    "metric_checks",
    MetricSpec,
    ("predictions_are_not_changed", "The arrays that are given stay as they are.", FOUNDATION),
    (
        "figures_come_out",
        "A finite float comes out, or floats by class name and `macro`.",
        ("predictions_are_not_changed",),
    ),
    ("limits_hold", "Figures of good and bad answers are within `limits`.", FIGURES),
    (
        "better_predictions_score_better",
        "Right answers get a better figure than wrong ones, as `higher_is_better` says.",
        FIGURES,
    ),
    (
        "weights_repeat_samples",
        "A sample of weight 2 counts as two, of weight 0 as none; no weights are weights of 1.",
        FIGURES,
    ),
    (
        "batched_weights_agree",
        "With `batched`, many weightings at once give what each gives by itself.",
        ("weights_repeat_samples",),
    ),
    ("order_of_samples_does_not_matter", "Samples may come in any order.", FIGURES),
    (
        "order_of_classes_does_not_matter",
        "Classes may come in any order: a figure goes with the name of its class.",
        FIGURES,
    ),
    (
        "missing_classes_are_survived",
        "Classes without samples, and a single sample, give NaN or a refusal, and no warning.",
        FIGURES,
    ),
    (
        "trials_give_the_figures",
        "Hits among counted, as `trials` says, are the figures of `compute`.",
        FIGURES,
    ),
    (
        "top_class_is_enough",
        "With `by_top_class`, probabilities count by the class that comes first alone.",
        FIGURES,
    ),
)

WATCHED = ("watches_as_a_keras_callback",)

CALLBACKS = _group(
    "callback_checks",
    CallbackSpec,
    ("watches_as_a_keras_callback", "`make` returns a callback of Keras.", FOUNDATION),
    (
        "training_is_only_watched",
        "A training with it gives the same weights as one without it.",
        WATCHED,
    ),
    (
        "files_stay_in_its_folder",
        "It writes below `context.training_folder` alone.",
        ("training_is_only_watched",),
    ),
    (
        "resumed_training_is_watched",
        "Made anew beside its own files, it watches a training that goes on.",
        ("training_is_only_watched",),
    ),
)

OPENED = ("converts_and_opens",)

ENGINES = _group(
    "engine_checks",
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
    (
        "opens_anywhere_without_keras",
        "Another process opens the folder elsewhere without TensorFlow, JAX, PyTorch or Keras.",
        ("gives_what_keras_gives", "parameters_are_importable"),
    ),
)

SOUND = ("bundle_opens",)

PRETRAINED = _group(
    "pretrained_checks",
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

CHECKS: tuple[Check, ...] = (
    *ALL_KINDS,
    *DATASETS,
    *AUGMENTATIONS,
    *MODELS,
    *METRICS,
    *CALLBACKS,
    *ENGINES,
    *PRETRAINED,
)
"""Every check there is; within a kind each stands after those that it needs."""

_BY_NAME = {check.name: check for check in CHECKS}


def checks_for(spec: Spec | type[Spec]) -> tuple[Check, ...]:
    """Return the checks that apply to a spec, or to a kind of spec.

    Example:
        >>> from cellclf import MetricSpec
        >>> checks_for(MetricSpec)[0].name
        'summary_is_one_line'
    """
    kind = spec if isinstance(spec, type) else type(spec)
    return tuple(check for check in CHECKS if issubclass(kind, check.kind))


def named(name: str) -> Check:
    """Return the check of that name.

    Raises:
        PluginError: There is none.
    """
    if name not in _BY_NAME:
        raise PluginError(f"no check is called {name!r}.{hint(name, sorted(_BY_NAME))}")
    return _BY_NAME[name]
