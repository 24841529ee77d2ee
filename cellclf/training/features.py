"""Features of a frozen backbone: computed once, kept in the cache, trained on like images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.data.ahead import map_ahead
from cellclf.data.cached import made_once
from cellclf.data.pages import Pages
from cellclf.network.backend import jit_compile
from cellclf.network.build import weights_of
from cellclf.network.outputs import FEATURES

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches
    from cellclf.progress import Progress
    from cellclf.training.feed import Batch

__all__ = ["FEATURES_KIND", "Backbone", "FeatureBatches", "Picture"]

FEATURES_KIND = "features"
"""Folder of the cache."""

BATCH_SIZE = 64

Picture = tuple[int, int | None]
"""Row of an image, and the epoch whose first augmented view of it is meant; `None`: as it is."""


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """The part of a network up to its layer `features`, as a source of arrays.

    Attributes:
        model: The network; only what `features` depends on is looked at.
        images: All images of the set, `uint8`, `(n, height, width, 3)`; may be a memory map.
        batches: How they are augmented.
        content: What each image shows, as a hash of it.
        made_by: Which architecture this is, and how the images were read. Plain values.
        augmented_by: Everything that augmented views depend on besides. Plain values.
        progress: Hears how far the work has come.
        description: What the task is called.
    """

    model: keras.Model
    images: NDArray[np.uint8]
    batches: TrainingBatches
    content: Sequence[str]
    made_by: Mapping[str, Any]
    augmented_by: Mapping[str, Any]
    progress: Progress
    description: str

    def features(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the features of pictures, flattened, `(n, f)`; a memory map of a cached file.

        Raises:
            RunError: The cache cannot be written to.
            PluginError: An augmentation changed the shape or type of an image.
        """
        made = made_once(
            FEATURES_KIND,
            self._key(self._network, pictures),
            "features.npy",
            lambda path: self._write(self._network, pictures, path),
        )
        found: NDArray[np.float32] = np.load(made, mmap_mode="r")
        return found

    @cached_property
    def _network(self) -> keras.Model:
        """Made once, so that it is compiled once."""
        features = self.model.get_layer(FEATURES).output
        flat = keras.layers.Flatten(name="flat_features")(features)
        network = keras.Model(self.model.inputs[0], flat)
        network.jit_compile = jit_compile()
        return network

    def _key(self, network: keras.Model, pictures: Sequence[Picture]) -> str:
        augmented = any(epoch is not None for _, epoch in pictures)
        described = {
            "made_by": self.made_by,
            "augmented_by": self.augmented_by if augmented else None,
            "backend": keras.backend.backend(),
            "precision": keras.config.dtype_policy().name,
            # An augmented view depends on the number of the image too.
            "pictures": [
                (self.content[row], None if epoch is None else (row, epoch))
                for row, epoch in pictures
            ],
        }
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        for name, weight in weights_of(network).items():
            digest.update(name.encode())
            digest.update(weight.tobytes())
        return digest.hexdigest()

    def _write(self, network: keras.Model, pictures: Sequence[Picture], path: Path) -> None:
        count = len(pictures)
        with path.open("wb") as file:
            # Written through a file, not a memory map: a full disk is then an error, not a crash.
            shape = (count, int(network.outputs[0].shape[1]))
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            with self.progress.task(self.description, count) as task:
                for batch, wanted in self._prepared(pictures):
                    given = np.asarray(network.predict_on_batch(batch), dtype="<f4")[:wanted]
                    file.write(np.ascontiguousarray(given).tobytes())
                    task.advance(wanted)

    def _prepared(self, pictures: Sequence[Picture]) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """Batches of one size, so that one shape is compiled, and how many of each are wanted."""
        size, pages = BATCH_SIZE, Pages(self.images)

        def prepare(start: int) -> tuple[NDArray[np.uint8], int]:
            chosen = pictures[start : start + size]
            batch = np.zeros((size, *self.images.shape[1:]), dtype=np.uint8)
            for place, (row, epoch) in enumerate(chosen):
                shown = self.images[row] if epoch is None else self.batches.view(row, epoch, 0)
                batch[place] = shown
            pages.read(len(batch))
            return batch, len(chosen)

        with ThreadPoolExecutor(thread_name_prefix="views") as pool:
            starts = range(0, len(pictures), size)
            yield from map_ahead(pool, prepare, starts, for_each_thread=2)


class FeatureBatches:
    """The batches of `TrainingBatches` with features in place of images.

    Which sample comes when, and with which weight, is the same; with more than one view, a sample
    is seen in another one each time that it comes.

    Args:
        batches: Which sample comes when.
        features: Those of each training sample, in the order of `batches.rows`, one view of all
            after the other: `(views * m, f)`.
    """

    def __init__(self, batches: TrainingBatches, features: NDArray[np.float32]) -> None:
        self._batches = batches
        # Slices of a memory map cost more to make than those of the plain array beneath it.
        self._features = np.asarray(features)
        self._pages = Pages(self._features)
        self._places = np.zeros(int(batches.rows.max()) + 1, dtype=np.intp)
        self._places[batches.rows] = np.arange(len(batches.rows))
        self._views = len(features) // len(batches.rows)

    def __len__(self) -> int:
        return len(self._batches)

    def batch(self, number: int, epoch: int) -> Batch:
        """Return features `(b, f)`, classes one-hot `(b, num_classes)` and weights `(b,)`."""
        rows, copies = self._batches.views(number, epoch)
        view = (epoch + copies) % self._views
        places = view * len(self._batches.rows) + self._places[rows]
        x = self._features[places]
        self._pages.read(len(x))
        return x, *self._batches.targets(rows)
