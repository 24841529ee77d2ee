"""Checks of an architecture beyond this process: saved, on another backend, converted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from cellclf import __version__
from cellclf.data.decode import DECODE_VERSION
from cellclf.engines.conversion import CONVERTIBLE, versions_of
from cellclf.engines.engine import Trained
from cellclf.engines.opening import open_engine
from cellclf.errors import CellclfError, EngineError
from cellclf.inference.bundle import BundleManifest, read_bundle, write_bundle
from cellclf.inference.rebuild import Architecture
from cellclf.network.backend import current
from cellclf.network.build import weights_of
from cellclf.registry import SESSION, installed
from cellclf.specs import EngineSpec, ModelSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.models.cache import own_cache
from cellclf.testing.models.network import Network, given, logits
from cellclf.testing.processes import worker
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = ["engines_agree", "logits_of_a_bundle", "other_backends_agree", "saved_and_loaded_alike"]

OTHERS = {"tensorflow": "jax", "jax": "tensorflow", "torch": "tensorflow"}
"""On which backend a network is tried besides the one that is in use here."""

ASKED = f"{__name__}:logits_of_a_bundle"


class Saved:
    """The network as a bundle, the images that it is shown, and where answers go.

    Args:
        trial: The architecture.
    """

    def __init__(self, trial: Trial) -> None:
        network = trial.of(Network)
        self.folder = trial.folder()
        self.bundle = self.folder / "model.safetensors"
        self.images = self.folder / "images.npy"
        np.save(self.images, network.images)
        write_bundle(
            self.bundle,
            BundleManifest(
                architecture=network.spec.name,
                distribution=SESSION,
                distribution_version=__version__,
                params=network.params.model_dump(mode="json", exclude_none=True),
                classes=tuple(f"class {number}" for number in range(network.classes)),
                image_size=network.size,
                resize="stretch",
                decode_version=DECODE_VERSION,
            ),
            weights_of(network.model),
        )
        self.described = _described(network.spec)

    def answered(self, backend: str) -> Any:
        """What another process, on `backend`, says of the images."""
        answers = self.folder / f"{backend}.npy"
        worker(backend).ask(
            ASKED,
            spec=self.described,
            bundle=str(self.bundle),
            images=str(self.images),
            answers=str(answers),
        )
        return np.load(answers)


def saved_and_loaded_alike(trial: Trial) -> None:
    """A bundle is all that another process needs."""
    _require_importable(trial)
    found = trial.of(Saved).answered(current())
    require(
        np.allclose(found, trial.of(logits), rtol=1e-5, atol=1e-5),
        f"{trial.subject} must give the same logits in another process. Received: differences of "
        f"up to {_largest(found, trial.of(logits)):.2g}",
    )


def other_backends_agree(trial: Trial) -> str:
    """Pure Keras computes the same everywhere."""
    backend = OTHERS[current()]
    try:
        version(backend)
    except ImportError as error:
        raise InapplicableError(f"{backend} is not installed") from error
    found = trial.of(Saved).answered(backend)
    require(
        np.allclose(found, trial.of(logits), rtol=1e-3, atol=1e-3),
        f"{trial.subject} must give the same logits on {backend} as on {current()}: is something "
        "in it not Keras alone? Received: differences of up to "
        f"{_largest(found, trial.of(logits)):.2g}",
    )
    return backend


def engines_agree(trial: Trial) -> str:
    """Every runtime that can be used here gives what Keras gives."""
    if current() != CONVERTIBLE:
        raise InapplicableError(f"engines are made from networks on {CONVERTIBLE}")
    network = trial.of(Network)
    registry = installed()
    tried, wrong = [], []
    trained = Trained(
        sha256=hashlib.sha256(str(trial.scratch).encode()).hexdigest(),
        name=network.spec.name,
        image_size=network.size,
        network=lambda: network.model,
    )
    for name in registry.names(EngineSpec):
        try:
            versions_of(registry.offer(EngineSpec, name))
        except CellclfError:  # not installed here, or of two distributions
            continue
        tried.append(name)
        try:
            with own_cache(trial.folder()):
                open_engine(name, trained, registry=registry)
        except EngineError as error:
            wrong.append(str(error))
    if not tried:
        raise InapplicableError("no engine is installed")
    require(not wrong, "; ".join(wrong))
    return ", ".join(tried)


def logits_of_a_bundle(spec: dict[str, Any], bundle: str, images: str, answers: str) -> None:
    """Rebuild a network and let it judge images; called in a worker process.

    Args:
        spec: The architecture, as `_described` gives it.
        bundle: Path of the bundle.
        images: Path of the images.
        answers: Path that the logits are written to.
    """
    module, kind = spec.pop("params")
    described: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in spec.items()
    }
    read = read_bundle(Path(bundle))
    architecture = ModelSpec(**described, params=getattr(import_module(module), kind))
    network = Architecture(
        bundle=read,
        spec=architecture,
        params=architecture.params.model_validate_json(json.dumps(read.manifest.params)),
        changed=f"the bundle of model {architecture.name!r}",
    ).network()
    np.save(answers, given(network.outputs[0], network, np.load(images)))


def _described(spec: ModelSpec) -> dict[str, Any]:
    """A spec as JSON holds it."""
    plain = {field.name: getattr(spec, field.name) for field in fields(spec)}
    return {**plain, "params": [spec.params.__module__, spec.params.__qualname__]}


def _require_importable(trial: Trial) -> None:
    if "__main__" in (trial.spec.params.__module__, trial.function("build").__module__):
        raise InapplicableError(f"{trial.subject} is a script's or notebook's own")


def _largest(found: Any, expected: Any) -> float:
    return float(np.abs(np.asarray(found) - expected).max())
