"""What an experiment may set of the custom CNN."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cellclf import Params, find_bundle

__all__ = ["CustomCNNParams", "Levels", "starts_from"]

Levels = Literal["fixed", "background", "range"]


class CustomCNNParams(Params):
    """Parameters of `custom_cnn`."""

    width: int = Field(
        32,
        ge=8,
        le=512,
        multiple_of=8,
        description="Channels of the first stage of four; each has "
        "twice as many as the one before.",
    )
    weights: str = Field(
        "none",
        min_length=1,
        description="'none' (random), or a bundle that an earlier run trained, of this network and "
        "width, or the name of one that a plugin brings, such as 'blood_cells'; its last layers, "
        "which know its classes, are left out.",
    )
    dropout: float = Field(
        0.1, ge=0, lt=1, description="Share of features dropped before the last layer in training."
    )
    head_units: int = Field(
        0, ge=0, le=8192, description="Width of a dense layer before the last one; 0 for none."
    )
    levels: Levels = Field(
        "fixed",
        description="What the levels of each colour channel are scaled by: the whole scale "
        "(fixed), the lightest of the image (background), or its darkest and lightest (range).",
    )


def starts_from(params: CustomCNNParams) -> Path | None:
    """The bundle that `params.weights` names, or `None` where training starts from nothing.

    Raises:
        BundleError: It is a name, and no plugin brings a model of that name.

    Example:
        >>> starts_from(CustomCNNParams()) is None
        True
    """
    if params.weights == "none":
        return None
    at_home = params.weights.startswith("~")
    return find_bundle(Path(params.weights).expanduser() if at_home else params.weights)
