"""What works on networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cellclf import CallbackContext

NETWORKS: list[keras.Model] = []


def build(params: Any, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(params.filters, 3, activation="relu", name="convolution")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, keras.layers.Dense(num_classes, dtype="float32", name="logits")(x))


def pretrained(model: keras.Model, params: Any) -> None:
    if params.weights == "even":
        kernel, bias = model.get_layer("convolution").get_weights()
        model.get_layer("convolution").set_weights([np.full_like(kernel, 0.05), bias])


def starts_from(params: Any) -> Path | None:
    return None


def note(params: Any, *, context: CallbackContext) -> keras.callbacks.Callback:
    path = context.training_folder / "note_0_1.txt"

    def write(epoch: int, logs: Mapping[str, float]) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{context.label} {epoch} {'val_accuracy' in logs}\n")

    return keras.callbacks.LambdaCallback(on_epoch_end=write)


def convert(
    network: keras.Model, folder: Path, params: Any, *, metadata: Mapping[str, str]
) -> None:
    (folder / "place.txt").write_text(str(len(NETWORKS)), encoding="utf-8")
    NETWORKS.append(network)


def open_network(folder: Path, params: Any) -> Any:
    network = NETWORKS[int((folder / "place.txt").read_text(encoding="utf-8"))]

    def run(images: Any) -> dict[str, Any]:
        return {name: np.asarray(a) for name, a in network.predict_on_batch(images).items()}

    return run
