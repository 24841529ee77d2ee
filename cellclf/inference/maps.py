"""Maps of where in images the score of a class came from, at the size of the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from cellclf.data.decode import unsquare
from cellclf.engines.engine import Engine
from cellclf.errors import DataError, hint
from cellclf.inference.chunks import array_chunks
from cellclf.inference.looking import Look
from cellclf.terms import Explanation

if TYPE_CHECKING:
    import keras

    from cellclf.inference.explain import GradCam, Occlusion

__all__ = ["Maps", "class_numbers", "require_method"]


class Maps:
    """What draws maps of one network; what it compiles is kept for the next ones.

    Args:
        model: Builds the network, for maps by gradients.
        layer: The layer over whose activations those are drawn.
    """

    def __init__(self, model: Callable[[], keras.Model], layer: str) -> None:
        self._model = model
        self._layer = layer
        self._explainers: dict[Explanation, GradCam | Occlusion] = {}

    def __call__(
        self,
        look: Look,
        images: NDArray[np.uint8],
        numbers: NDArray[np.intp],
        method: Explanation,
    ) -> NDArray[np.float32]:
        """Draw a map of each image.

        Args:
            look: What the network says of images.
            images: `uint8` RGB, `(n, height, width, 3)`.
            numbers: Number of the class that each is of, `(n,)`.
            method: What draws it.

        Returns:
            Shape `(n, height, width)`, 0 to 1.
        """
        explainer = self._explainer(method, look.engine)
        height, width = images.shape[1:3]
        found = np.zeros(images.shape[:3], np.float32)
        length, mode = look.engine.batch_size, look.resize
        starts = range(0, len(images), length)
        chunks = array_chunks(images, size=look.image_size, mode=mode, length=length)
        for start, chunk in zip(starts, chunks, strict=True):
            maps = explainer(chunk, numbers[start : start + length])
            for row, square in enumerate(maps, start=start):
                found[row] = unsquare(square, height, width, mode)
        return found

    def _explainer(self, method: Explanation, engine: Engine) -> GradCam | Occlusion:
        # Imported here: it imports Keras.
        from cellclf.inference.explain import GradCam, Occlusion

        if method not in self._explainers:
            self._explainers[method] = (
                GradCam(self._model(), self._layer) if method == "grad_cam" else Occlusion(engine)
            )
        return self._explainers[method]


def require_method(method: str) -> None:
    """Make sure that there is such a way to draw maps.

    Raises:
        DataError: There is not.
    """
    if method not in get_args(Explanation):
        allowed = " or ".join(map(repr, get_args(Explanation)))
        raise DataError(f"`method` must be {allowed}. Received: method={method!r}")


def class_numbers(
    named: str | Sequence[str], classes: Sequence[str], count: int
) -> NDArray[np.intp]:
    """Return the number of the class that each of `count` images is asked about.

    Args:
        named: One class for all images, or one for each.
        classes: Those of the model.
        count: How many images there are.

    Raises:
        DataError: Another number of classes, or one that is none of the model's.
    """
    names = [named] * count if isinstance(named, str) else list(named)
    if len(names) != count:
        raise DataError(
            f"`classes` must name one class, or one for each of the {count} images. "
            f"Received: {len(names)}"
        )
    for name in names:
        if name not in classes:
            raise DataError(
                f"`classes` must be of {', '.join(classes)}. "
                f"Received: {name!r}.{hint(name, classes)}"
            )
    return np.array([classes.index(name) for name in names], dtype=np.intp)
