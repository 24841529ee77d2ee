"""Looking at an image from several sides: turned and mirrored, and what was seen averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cellclf.engines.engine import Engine
from cellclf.errors import DataError, hint
from cellclf.network.outputs import Outputs
from cellclf.terms import Views

__all__ = ["VIEWS", "Viewed", "turned", "views_named"]

VIEWS: Mapping[Views, int] = {"none": 1, "flips": 4, "dihedral": 8}
"""How many views of an image there are of each kind."""

Images = NDArray[np.uint8]


def views_named(name: str) -> Views:
    """Return the views that are called so.

    Raises:
        DataError: There are none.

    Example:
        >>> views_named("flips")
        'flips'
    """
    for known in get_args(Views):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise DataError(
        f"`views` must be one of {', '.join(VIEWS)}. Received: {name!r}.{hint(name, VIEWS)}"
    )


def turned(images: Images, views: Views) -> list[Images]:
    """Return square images from all sides, each view of shape `(n, size, size, 3)`, not copied.

    A set of views is a group: a view of a view is one of them. So whichever of them an image is
    given as, its views are the same.

    Example:
        >>> image = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1)
        >>> [view[0, :, :, 0].tolist() for view in turned(image, "flips")]
        [[[0, 1], [2, 3]], [[1, 0], [3, 2]], [[2, 3], [0, 1]], [[3, 2], [1, 0]]]
    """
    if views == "none":
        return [images]
    sides = [images] if views == "flips" else [images, images.swapaxes(1, 2)]
    return [side[:, ::down, ::across] for side in sides for down in (1, -1) for across in (1, -1)]


class Viewed:
    """An engine that looks at every image from several sides with another.

    Probabilities are the mean over views, before any calibration. Features are kept view by view,
    `(n, views, f)`: how unlike training images an image is, is the mean of what its views are, and
    features that were averaged look more like those of training than any single ones.

    Args:
        engine: What looks at each view.
        views: From which sides.
    """

    def __init__(self, engine: Engine, views: Views) -> None:
        self.name = engine.name
        self.batch_size = engine.batch_size
        self.views = views
        self._engine = engine

    def __call__(self, images: Images) -> Outputs:
        """Look at images; few at a time are looked at from several sides at once."""
        sides = turned(images, self.views)
        together = max(1, self.batch_size // max(len(images), 1))
        seen = [
            self._engine(np.concatenate(sides[start : start + together]))
            for start in range(0, len(sides), together)
        ]
        probabilities = np.concatenate(
            [_by_image(one.probabilities, len(images)) for one in seen], 1
        )
        mean: NDArray[np.float64] = probabilities.mean(axis=1, dtype=np.float64)
        return Outputs(
            probabilities=mean.astype(np.float32),
            features=np.concatenate([_by_image(one.features, len(images)) for one in seen], 1),
        )


def _by_image(rows: NDArray[np.float32], images: int) -> NDArray[np.float32]:
    """Put rows, those of one view after those of another, into the shape `(images, views, k)`."""
    width = rows.shape[1]
    return rows.reshape(-1, images, width).swapaxes(0, 1)
