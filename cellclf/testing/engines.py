"""One call that tells the author of an engine whether it keeps `EngineSpec`'s contract."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.engines.conversion import Run, convert, opened
from cellclf.engines.proof import made_images
from cellclf.engines.serving import IMAGES
from cellclf.specs import EngineSpec
from cellclf.testing.require import require

__all__ = ["check_engine"]

SEED = 7
BATCHES = (1, 3, 64, 2)
"""Numbers of images that follow each other: a runtime may have to make room anew for each."""

TOLERANCE = 1e-4
METADATA = {"model": "tiny", "classes": '["round", "白血球"]'}


def check_engine(spec: EngineSpec, *, image_size: int = 24) -> None:
    """Let an engine convert a small network, and compare what it computes with Keras.

    Needs Keras on TensorFlow; sets the global seeds.

    Args:
        spec: The engine.
        image_size: Height and width of the images to try it with, in pixels.

    Raises:
        AssertionError: Something is not as `EngineSpec` wants it; the text says what.
        EngineError: `convert` or `open` fails.
        PluginError: One of them cannot be imported.
    """
    keras.utils.set_random_seed(SEED)
    network = _network(image_size)
    images = made_images(image_size, max(BATCHES))
    expected = {
        name: keras.ops.convert_to_numpy(array)
        for name, array in network(images, training=False).items()
    }
    # Windows removes no file that is open.
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        convert(spec, network, folder, metadata=METADATA)
        require(
            (folder / spec.file).exists() and any(folder.iterdir()),
            f"`convert` of engine {spec.name!r} must write {spec.file or 'into the folder'}. "
            f"Received: {sorted(path.name for path in folder.iterdir())}",
        )
        run = opened(spec, folder)
        for number in BATCHES:
            _check_batch(spec, run, images[:number], expected)


def _check_batch(
    spec: EngineSpec,
    run: Run,
    images: NDArray[np.uint8],
    expected: dict[str, NDArray[np.float32]],
) -> None:
    number = len(images)
    given = run(images)
    require(
        set(given) == set(expected),
        f"engine {spec.name!r} must give outputs named {sorted(expected)}. "
        f"Received: {sorted(given)}",
    )
    for name, wanted in expected.items():
        found = given[name]
        require(
            found.dtype == np.float32 and found.shape == (number, *wanted.shape[1:]),
            f"engine {spec.name!r} must give float32 {name} of shape "
            f"{(number, *wanted.shape[1:])} for {number} images. "
            f"Received: {found.dtype} of shape {found.shape}",
        )
        away = float(np.abs(found - wanted[:number]).max())
        require(
            away <= TOLERANCE,
            f"engine {spec.name!r} must give what Keras gives for {number} images. "
            f"Received: {name} that differ by {away:.1e} (at most {TOLERANCE:g})",
        )


def _network(size: int) -> keras.Model:
    """Bytes in; a row of numbers, and one number, for each image out."""
    images = keras.Input((size, size, 3), dtype="uint8", name=IMAGES)
    x = keras.layers.Rescaling(1 / 127.5, -1)(keras.ops.cast(images, "float32"))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    normalisation = keras.layers.BatchNormalization()
    x = keras.layers.ReLU()(normalisation(x))
    normalisation.moving_mean.assign(np.linspace(-0.2, 0.2, 8))
    normalisation.moving_variance.assign(np.linspace(0.1, 0.5, 8))
    x = keras.layers.GlobalAveragePooling2D()(x)
    rows = keras.layers.Dense(3, activation="softmax")(x)
    numbers = keras.ops.sqrt(keras.ops.sum(keras.ops.square(x), axis=-1))
    return keras.Model(images, {"rows": rows, "numbers": numbers}, name="tiny")
