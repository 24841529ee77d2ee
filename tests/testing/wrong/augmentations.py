"""Augmentations with one fault each."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from cellclf.specs import AugmentationSpec
from tests.testing.wrong.case import Wrong

__all__ = ["RIGHT", "WRONG"]

CALLS: list[int] = []


def brighter(image: Any, rng: np.random.Generator, params: Any) -> Any:
    """What is right: cut off where levels end."""
    del params
    return np.clip(image * rng.uniform(0.9, 1.1), 0, 255).astype(np.uint8)


def in_place(image: Any, rng: np.random.Generator, params: Any) -> Any:
    image[:] = brighter(image, rng, params)
    return image


def unseeded(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return brighter(image, np.random.default_rng(), params)


def remembering(image: Any, rng: np.random.Generator, params: Any) -> Any:
    CALLS.append(1)
    return brighter(image, np.random.default_rng(len(CALLS)), params)


def global_numpy(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return np.clip(image * np.random.uniform(0.9, 1.1), 0, 255).astype(np.uint8)  # noqa: NPY002


def global_python(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return np.clip(image * random.uniform(0.9, 1.1), 0, 255).astype(np.uint8)


def floats(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image * rng.uniform(0.9, 1.0)


def smaller(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image[: -int(rng.integers(1, 4))]


def one_channel(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image.mean(axis=2, keepdims=True).astype(np.uint8)


def turned(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return np.rot90(image, int(rng.integers(1, 4))).copy()


def overflowing(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image + rng.integers(10, 60, dtype=np.uint8)


def grey(image: Any, rng: np.random.Generator, params: Any) -> Any:
    if rng.random() < 0.5:
        return image
    return np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)


def swapped(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image[..., rng.permutation(3)]


def nothing(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return image


def _spec(function: str) -> AugmentationSpec:
    return AugmentationSpec(name=function, summary="For a test", apply=f"{__name__}:{function}")


RIGHT = _spec("brighter")

WRONG = tuple(
    Wrong(fault=fault, check=check, spec=_spec(function))
    for fault, check, function in (
        ("the image is changed", "image_is_not_changed", "in_place"),
        ("nobody seeds it", "equal_generators_give_equal_images", "unseeded"),
        ("it remembers", "equal_generators_give_equal_images", "remembering"),
        ("NumPy's own generator", "only_the_generator_decides", "global_numpy"),
        ("Python's own generator", "only_the_generator_decides", "global_python"),
        ("floats come out", "uint8_of_the_same_shape_comes_out", "floats"),
        ("less comes out", "uint8_of_the_same_shape_comes_out", "smaller"),
        ("one channel comes out", "uint8_of_the_same_shape_comes_out", "one_channel"),
        ("turned on its side", "any_size_is_taken", "turned"),
        ("levels run over", "light_stays_light", "overflowing"),
        ("now and then grey", "colours_stay_themselves", "grey"),
        ("channels swapped", "colours_stay_themselves", "swapped"),
        ("nothing happens", "something_changes", "nothing"),
    )
)
