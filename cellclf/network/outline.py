"""What weights an architecture has, found without making any of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import keras

from cellclf.errors import PluginError
from cellclf.network.build import Variable, build
from cellclf.specs import ModelSpec, Params

__all__ = ["outlined"]


def outlined(
    spec: ModelSpec, params: Params, *, image_size: int, num_classes: int
) -> dict[str, Variable] | None:
    """Build an architecture without values: however large it is, it takes next to no memory.

    Args:
        spec: The architecture.
        params: Its parameters.
        image_size: Height and width of the images in pixels.
        num_classes: How many classes there are.

    Returns:
        What every variable is that predictions depend on, by its path; `None` where it cannot be
        built so, as a layer computes with values while it is built.

    Raises:
        ExperimentError: The images are smaller than the network can take.
    """

    def outline() -> dict[str, Variable]:
        with keras.StatelessScope(initialize_variables=False):
            model = build(spec, params, image_size=image_size, num_classes=num_classes)
        return {variable.path: Variable.of(variable) for variable in model.weights}

    # Keras remembers, for each thread, the variables that still wait for values, and names that it
    # has given: with a thread of its own they are forgotten.
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            return thread.submit(outline).result()
        except PluginError:
            return None
