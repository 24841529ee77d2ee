"""The promises of any spec, and where each is tried."""

from __future__ import annotations

from cellclf.specs import Spec
from cellclf.testing.check import described

__all__ = ["FOUNDATION", "PROMISES"]

FOUNDATION = ("references_resolve", "parameters_fit")
"""What everything stands on that calls the plugin's functions."""

PROMISES = described(
    "every_spec.checks",
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
