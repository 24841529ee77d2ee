"""The engines that come with the core."""

from __future__ import annotations

from cellclf.specs import EngineSpec

__all__ = ["ENGINES"]

ENGINES = (
    EngineSpec(
        name="saved_model",
        summary="TensorFlow's SavedModel, for TensorFlow Serving and the like",
        convert="cellclf.engines.saved_model:convert",
        open="cellclf.engines.saved_model:open_network",
        requires=("tensorflow",),
        # The same kernels as Keras on TensorFlow: nothing that `auto` could gain.
        candidate=False,
    ),
)
