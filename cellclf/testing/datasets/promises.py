"""The promises of a dataset, and where each is tried."""

from __future__ import annotations

from cellclf.specs import DatasetSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

LOADED = ("samples_load",)

PROMISES = described(
    "datasets.checks",
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
