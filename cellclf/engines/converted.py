"""Networks converted for a runtime: made and proven once, kept in the cache, opened without Keras.

    CACHE/engines/KEY/...           what the runtime wrote
    CACHE/engines/KEY/sums.json     length and checksum of each file of that
    CACHE/engines/KEY/proof.json    how far it is from Keras

`KEY` is a hash of the bundle, the engine, the versions of what it computes with, and the processor.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from cellclf.data.cached import sums
from cellclf.data.holding import DRAFT, hold, in_use, remove, sweep
from cellclf.engines.conversion import Run, convert, opened, require_convertible, versions_of
from cellclf.engines.engine import Engine, KerasEngine, Trained
from cellclf.engines.proof import Proof, made_images, prove
from cellclf.errors import EngineError
from cellclf.files import cache_folder, require_writable, write_json, write_text
from cellclf.network.outputs import BATCH_SIZE, FEATURES, LOGITS, Outputs, at_once
from cellclf.processors import processor_model
from cellclf.registry import Offer
from cellclf.specs import EngineSpec

__all__ = ["KIND", "Converted", "converted"]

KIND = "engines"
"""Folder of the cache that converted networks are kept in."""

LAYOUT = 2
"""Raise it when what is kept for an engine changes: what was kept before is then made anew."""

SUMS, PROOF = "sums.json", "proof.json"


class Converted:
    """An engine that computes a converted network.

    Attributes:
        proof: How far it is from Keras.
    """

    def __init__(self, name: str, run: Run, *, image_size: int, proof: Proof | None = None) -> None:
        self.name = name
        self.batch_size = at_once(BATCH_SIZE, image_size, image_size)
        self.proof = proof
        self._run = run

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        """Look at images."""
        given = self._run(images)
        return Outputs.of(given[LOGITS], given[FEATURES])


def converted(
    offer: Offer[EngineSpec], trained: Trained, *, reference: Callable[[], Engine] | None = None
) -> Converted:
    """Open the network that was converted for an engine, converting it first where it was not.

    Args:
        offer: The engine.
        trained: The network.
        reference: Gives what it is held against; Keras by default.

    Raises:
        EngineError: What it computes with is not installed, the network cannot be converted, or it
            gives other numbers than Keras.
        RunError: The cache cannot be written to.
    """
    entry = cache_folder() / KIND / _key(offer, trained)
    with in_use(entry):  # before it is looked at, so that nobody removes it in between
        kept = _kept(entry, offer.spec)
        if kept is None:
            proof = _proven(entry, offer.spec, trained, reference)
            kept = opened(offer.spec, entry), proof
        run, proof = kept
        engine = Converted(offer.spec.name, run, image_size=trained.image_size, proof=proof)
        claim = hold(entry)
    if claim is not None:
        claim.release_with(engine)
    return engine


def _key(offer: Offer[EngineSpec], trained: Trained) -> str:
    described = [LAYOUT, trained.sha256, offer.spec.name, versions_of(offer), processor_model()]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]


def _proof(entry: Path) -> Proof | None:
    """What was measured when the entry was made; nothing where there is none that is whole."""
    # Checksums, as runtimes open a file in which numbers have changed, and compute with them.
    try:
        proof = Proof.model_validate_json((entry / PROOF).read_bytes())
        noted: object = json.loads((entry / SUMS).read_bytes())
        return proof if noted == _sums(entry) else None
    except (OSError, ValueError):
        return None


def _sums(entry: Path) -> dict[str, dict[str, int]]:
    """Length and checksum of each file that the runtime wrote, by its path in the entry."""
    files = [path for path in entry.rglob("*") if path.is_file()]
    names = {path.relative_to(entry).as_posix(): path for path in files}
    return {name: sums(path) for name, path in names.items() if name not in (SUMS, PROOF)}


def _kept(entry: Path, spec: EngineSpec) -> tuple[Run, Proof] | None:
    """What was made before; nothing where there is none, or none that can be opened any more."""
    proof = _proof(entry)
    if proof is None:
        return None
    try:
        return opened(spec, entry), proof
    except EngineError:  # damaged; a runtime that opens nothing says so of what is made anew
        remove(entry)
        return None


def _proven(
    entry: Path, spec: EngineSpec, trained: Trained, reference: Callable[[], Engine] | None
) -> Proof:
    """Convert a network into an entry, unless another process does so meanwhile."""
    require_convertible(f"engine {spec.name!r}")
    folder = entry.parent
    require_writable(folder)
    with FileLock(folder / f".{entry.name}.lock"):
        sweep(folder)
        proof = _proof(entry)
        if proof is not None:
            return proof
        network = trained.network()
        return _made(entry, spec, trained, reference() if reference else KerasEngine(network))


def _made(entry: Path, spec: EngineSpec, trained: Trained, reference: Engine) -> Proof:
    from cellclf.engines.serving import served

    remove(entry)  # one that is not whole
    draft = entry.parent / f"{DRAFT}{uuid.uuid4().hex}"
    draft.mkdir()
    claim = hold(draft)
    try:
        try:
            convert(spec, served(trained.network()), draft, metadata={"model": trained.name})
        except EngineError as error:
            raise EngineError(f"{error}. Use --engine keras") from error
        engine = Converted(spec.name, opened(spec, draft), image_size=trained.image_size)
        proof = prove(engine, reference, made_images(trained.image_size))
        del engine  # Windows moves no file that is open
        write_json(draft / SUMS, _sums(draft))
        write_text(draft / PROOF, proof.model_dump_json(indent=2) + "\n")
        draft.rename(entry)
    finally:
        if claim is not None:
            claim.release()
        remove(draft)
    return proof
