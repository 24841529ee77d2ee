"""What works in a process of a cluster: a model that is loaded once and looks at many images."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import BundleError, CellclfError, LeakageWarning
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from cellclf.inference.parts import Part
from cellclf.inference.sent import inputs_of, unseen
from cellclf.network.backend import prepare_backend
from cellclf.terms import Views

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ANSWER", "Actor", "Answer", "Orders"]

ANSWER = "answer"
"""The one column of what an actor gives."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What an actor has to know; the same for all of them.

    Attributes:
        names: What the files of the bundles are called.
        bundles: Fetches their contents.
        sha256: Hash of the classifier that they are to give.
        engine: What computes the answers.
        views: From which sides each image is looked at.
        batch: How many images it looks at together.
        backend: What Keras runs on, where Keras is needed.
        processors: How many processors an actor may keep busy.
    """

    names: Sequence[str]
    bundles: Callable[[], Sequence[bytes]]
    sha256: str
    engine: str
    views: Views
    batch: int
    backend: str
    processors: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one block of images.

    Attributes:
        parts: Of each chunk.
        machine: Where it was looked at.
        unseen: A file of the block, where that machine has none of them.
        failed: Why there are no parts: what a user can do something about.
    """

    parts: tuple[Part, ...]
    machine: str
    unseen: str = ""
    failed: str = ""


class Actor:
    """Looks at blocks of images.

    Args:
        orders: What it has to know.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        # Before anything counts the processors, and before Keras is imported.
        os.environ["LOKY_MAX_CPU_COUNT"] = str(orders.processors)
        os.environ["KERAS_BACKEND"] = orders.backend

    def __call__(self, block: pa.Table) -> dict[str, NDArray[Any]]:
        """Look at the images that a table of `cellclf.inference.sent` names.

        Args:
            block: The names, and in the column `place` how many images there are before each.

        Returns:
            An `Answer`, in an array of one.
        """
        machine = socket.gethostname()
        try:
            parts = self._classifier.stream(
                inputs_of(block), batch=self._orders.batch, done=block["place"][0].as_py()
            )
            answer = Answer(parts=tuple(parts), machine=machine, unseen=unseen(block))
        except CellclfError as error:
            answer = Answer(parts=(), machine=machine, failed=str(error))
        answers = np.empty(1, object)
        answers[0] = answer
        return {ANSWER: answers}

    @cached_property
    def _classifier(self) -> Classifier:
        """The model; a first call, not a start, fails where it cannot be loaded, and says why."""
        orders = self._orders
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", LeakageWarning)  # whoever started this has said it
            paths = []
            for number, content in enumerate(orders.bundles()):
                paths.append(Path(folder) / f"{number}" / orders.names[number])
                paths[-1].parent.mkdir()
                paths[-1].write_bytes(content)
            classifier = load(
                paths, engine=orders.engine, views=orders.views, before_network=prepare_backend
            )
        if classifier.sha256 != orders.sha256:
            named = ", ".join(orders.names)
            raise BundleError(f"{named} has changed since it was loaded: predict again")
        classifier.engine.batch_size = orders.batch
        return classifier
