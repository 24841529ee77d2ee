"""Images through a network: probabilities and features as arrays, in batches of one size."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.data.pages import Pages
from cellclf.network.backend import jit_compile
from cellclf.network.outputs import BATCH_SIZE, FEATURES, Outputs, at_once
from cellclf.progress import Progress, Silent

__all__ = ["Forward"]


class Forward:
    """A network ready to look at images; what the backend compiles is kept for the next call.

    The network may still be trained: its present weights are used at each call.

    Args:
        model: Takes 0-255 RGB, gives logits, holds a layer `features`.
        batch_size: Most images a step; fewer where they are large. A call uses steps of one size,
            the last filled up, so that the backend compiles one shape; a call with fewer images
            uses the next power of two, so that one image does not cost a whole batch. Which images
            share a step changes nothing.
    """

    def __init__(self, model: keras.Model, *, batch_size: int = BATCH_SIZE) -> None:
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1. Received: batch_size={batch_size}")
        self._input_shape = tuple(model.inputs[0].shape)[1:]
        self.batch_size = at_once(batch_size, *self._input_shape[:2])
        features = keras.layers.Flatten(name="flat_features")(model.get_layer(FEATURES).output)
        self._network = keras.Model(model.inputs[0], [model.outputs[0], features])
        self._network.jit_compile = jit_compile()

    def __call__(
        self,
        images: NDArray[np.uint8],
        *,
        rows: NDArray[np.intp] | None = None,
        progress: Progress | None = None,
        description: str = "Predicting",
    ) -> Outputs:
        """Return probabilities and features of `images`, in their order.

        Args:
            images: `uint8` RGB, `(n, height, width, 3)`; a memory map is read a batch at a time.
            rows: Row numbers of the images that are meant, in the order wanted; all by default.
            progress: Told of each batch.
            description: What it is told.

        Raises:
            BundleError: The network gives no finite numbers.
            ValueError: The images have another shape or type than the network was built for.
        """
        if images.dtype != np.uint8 or images.shape[1:] != self._input_shape:
            raise ValueError(
                f"`images` must be uint8 of shape (n, {', '.join(map(str, self._input_shape))}). "
                f"Received: {images.dtype} of shape {images.shape}"
            )
        chosen = np.arange(len(images)) if rows is None else np.asarray(rows)
        count = len(chosen)
        logits_width, features_width = (int(t.shape[1]) for t in self._network.outputs)
        logits = np.empty((count, logits_width), np.float32)
        features = np.empty((count, features_width), np.float32)
        step = min(self.batch_size, 1 << max(count - 1, 0).bit_length())
        batch = np.zeros((step, *self._input_shape), np.uint8)
        pages = Pages(images)
        listener = Silent() if progress is None else progress
        with listener.task(description, count) as task:
            for start in range(0, count, step):
                stop = min(start + step, count)
                batch[: stop - start] = images[chosen[start:stop]]
                pages.read(len(batch))
                given = self._network.predict_on_batch(batch)
                logits[start:stop], features[start:stop] = (a[: stop - start] for a in given)
                task.advance(stop - start)
        return Outputs.of(logits, features)
