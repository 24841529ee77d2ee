"""What the core offers to watch a training with; imports nothing heavy."""

from __future__ import annotations

from cellclf.specs import CallbackSpec

__all__ = ["CALLBACKS"]

CALLBACKS: tuple[CallbackSpec, ...] = (
    CallbackSpec(
        name="tensorboard",
        summary="Loss, accuracy, learning rate and images a second for TensorBoard",
        make="cellclf.builtin.tensorboard_log:make",
    ),
)
