"""Maps of what moved a network's answer: Grad-CAM, by its gradients, and occlusion, by covering.

Every map is scaled by its own largest value: it says where in an image, and nothing of how much
more there than in another image.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellclf.engines.engine import Engine
from cellclf.errors import CellclfError, PluginError
from cellclf.network import backend

__all__ = ["GradCam", "Occlusion"]

BATCH_SIZE = 32
"""Images at once: gradients take several times the memory of a prediction."""

PATCHES = 8
"""Places of the patch along each side: all 64 copies of an image are one batch of an engine."""

COVERED = 0.25
"""Side of the patch, as a share of the image's: neighbours overlap by more than half."""

Images = NDArray[np.uint8]
Maps = NDArray[np.float32]


class GradCam:
    """Grad-CAM (Selvaraju et al., 2017) of one layer of a network.

    The activations of the layer are summed, each channel weighted by how much the logit of the
    class rises with it on average over the image; what is below zero is left out.

    Args:
        model: Takes 0-255 RGB, gives logits.
        layer: Name of the layer, `ModelSpec.explain_layer`; it gives
            `(batch, height, width, channels)`.

    Raises:
        PluginError: The layer gives something else.
    """

    def __init__(self, model: keras.Model, layer: str) -> None:
        maps = model.get_layer(layer).output
        if len(maps.shape) != 4:
            raise PluginError(
                f"layer {layer!r} of model {model.name!r}, its `explain_layer`, must give (batch, "
                f"height, width, channels). Received: {tuple(maps.shape)}"
            )
        image, logits = model.inputs[0], model.outputs[0]
        self._name = model.name
        self._classes = int(logits.shape[-1])
        self._to_layer = keras.Model(image, maps)
        self._to_layer.jit_compile = backend.jit_compile()
        # The image too: what passes the layer by, in a network of branches, comes from there.
        self._from_layer = keras.Model([image, maps], logits)

    def __call__(self, images: Images, classes: ArrayLike) -> Maps:
        """Return a map of each image.

        Args:
            images: `uint8` RGB, `(n, height, width, 3)`, of the network's size.
            classes: Number of the class of which the map is, `(n,)`.

        Returns:
            Shape `(n, height, width)`, 0 to 1; all zeros where nothing speaks for the class.

        Raises:
            ExperimentError: The backend has no gradients.
            PluginError: The network cannot be led back through.
        """
        wanted = np.eye(self._classes, dtype=np.float32)[np.asarray(classes, dtype=np.intp)]
        found = np.zeros(images.shape[:3], np.float32)
        # Steps of one size: each would be compiled for itself.
        step = min(BATCH_SIZE, 1 << max(len(images) - 1, 0).bit_length())
        for start in range(0, len(images), step):
            batch = _filled(images[start : start + step], step)
            weights = _filled(wanted[start : start + step], step)
            maps = self._maps(batch, weights)[: len(images) - start]
            for row, coarse in enumerate(maps, start=start):
                found[row] = cv2.resize(coarse, images.shape[2:0:-1])
        return _scaled(found)

    def _maps(self, images: Images, weights: NDArray[np.float32]) -> Maps:
        """Maps of the size of the layer's."""
        try:
            activations = self._to_layer.predict_on_batch(images)
            slopes = backend.gradient(self._from_layer, [images, activations], weights)
        except CellclfError:
            raise
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            raise PluginError(
                f"model {self._name!r} cannot be explained by gradients: "
                f"{type(error).__name__}: {reason}"
            ) from error
        summed: Maps = np.einsum(
            "nhwc,nc->nhw", np.asarray(activations, dtype=np.float32), slopes.mean(axis=(1, 2))
        )
        return np.maximum(summed, 0)


class Occlusion:
    """Occlusion sensitivity (Zeiler and Fergus, 2014): what covering a patch costs an answer.

    A square of the image's mean colour covers one place after the other. A pixel gets the mean loss
    over the patches that cover it, in log-odds of the class: these move with the logits also where
    the probability is next to 1. What is below zero is left out.

    Args:
        engine: What computes the network.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, images: Images, classes: ArrayLike) -> Maps:
        """Return a map of each image.

        Args:
            images: `uint8` RGB, `(n, height, width, 3)`, of the network's size.
            classes: Number of the class of which the map is, `(n,)`.

        Returns:
            Shape `(n, height, width)`, 0 to 1; all zeros where covering lowers the class nowhere.
        """
        chosen = np.asarray(classes, dtype=np.intp)
        count = len(images)
        size = self._engine.batch_size
        whole = self._engine(_filled(images, -(-count // size) * size)).probabilities[:count]
        found = np.zeros(images.shape[:3], np.float32)
        for row, image in enumerate(images):
            patches = list(_patches(*image.shape[:2]))
            copies = np.repeat(image[None], len(patches), axis=0)
            for copy, patch in zip(copies, patches, strict=True):
                copy[patch] = image.mean(axis=(0, 1)).round()
            covered = self._engine(copies).probabilities
            before, after = (_log_odds(p, chosen[row]) for p in (whole[row : row + 1], covered))
            times = np.zeros(image.shape[:2], np.float32)
            for patch, loss in zip(patches, before - after, strict=True):
                found[row][patch] += loss
                times[patch] += 1
            found[row] /= times
        return _scaled(found)


def _patches(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Squares, or nearly so, that together cover all of an image."""
    yield from product(_stretches(height), _stretches(width))


def _stretches(length: int) -> Iterator[slice]:
    """Where the patch lies along one side; fewer places where there are few pixels."""
    side = max(1, round(COVERED * length))
    for start in np.unique(np.linspace(0, length - side, PATCHES).round().astype(int)):
        yield slice(int(start), int(start) + side)


def _log_odds(probabilities: NDArray[np.float32], chosen: int) -> NDArray[np.float64]:
    """Of one class against all others together, `(n,)`; from `(n, classes)`."""
    given = np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny)
    odds: NDArray[np.float64] = np.log(given[:, chosen]) - np.log(
        np.delete(given, chosen, axis=1).sum(axis=1)
    )
    return odds


def _filled(rows: NDArray[Any], length: int) -> NDArray[Any]:
    """Rows of zeros added, up to `length`."""
    missing = np.zeros((length - len(rows), *rows.shape[1:]), rows.dtype)
    return np.concatenate([rows, missing])


def _scaled(maps: Maps) -> Maps:
    """What is above zero, each map divided by its largest value."""
    positive = np.maximum(maps, 0)
    largest = positive.max(axis=(1, 2), keepdims=True, initial=0)
    return (positive / np.where(largest > 0, largest, 1)).astype(np.float32)
