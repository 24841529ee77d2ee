"""What the package offers; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

import cellclf

__all__ = ["MlflowParams", "cellclf_callbacks"]


class MlflowParams(cellclf.Params):
    """Parameters of the callback."""

    store: str = Field(
        "", description="Folder, or address of a server; `mlflow` in the run directory by default."
    )
    experiment: str = Field("cellclf", min_length=1, description="The experiment of MLflow.")


@cellclf.hookimpl
def cellclf_callbacks() -> Iterable[cellclf.CallbackSpec]:
    """Offer the callback."""
    yield cellclf.CallbackSpec(
        name="mlflow",
        summary="Parameters, epochs and the best epoch in MLflow",
        make="cellclf_mlflow.logging:make",
        params=MlflowParams,
    )
