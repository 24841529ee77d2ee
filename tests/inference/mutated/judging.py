"""Read thousands of changed bundles in a process that is watched, and say what came of each.

    python -m tests.inference.mutated.judging --number 5000 --loaded 100 --seed 0 FOLDER

Prints JSON: for each kind of change how many were refused, gave what the bundle gave, or gave what
the changed file says; the memory that it took; and whatever must not happen, in words. All are read
and taken as far as one can without Keras; every so manieth is loaded whole.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import sys
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from cellclf.errors import BundleError
from cellclf.inference.bundle import Bundle, read_bundle
from cellclf.inference.rebuild import architecture_of
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params
from tests.inference import stored_bundle
from tests.inference.mutated.kinds import mutations
from tests.inference.mutated.mutation import Mutation
from tests.inference.mutated.parts import Parts
from tests.inference.mutated.said import content_of, faults, told_by
from tests.inference.mutated.watching import (
    BUILDING,
    READING,
    Watch,
    forget_peak,
    limited,
    peak_bytes,
)


class TinyParams(Params):
    """As those in `tests.tiny`, which imports Keras."""

    filters: int = Field(4, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)


SPEC = ModelSpec(
    name="tiny_net",
    summary="One convolution, for tests",
    build="tests.tiny:build",
    params=TinyParams,
    pixel_range=(0.0, 1.0),
    explain_layer="activation",
    min_image_size=8,
)

REGISTRY = Registry(
    [Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(SPEC,))]
)


class Judge:
    """Reads changed bundles and keeps count."""

    def __init__(self, path: Path, bases: list[Parts]) -> None:
        self.path = path
        self.watch = Watch(path)
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.peaks: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.originals = {}
        for base in bases:
            path.write_bytes(base.content)
            self.originals[base.content] = content_of(read_bundle(path))

    def put(self, mutation: Mutation) -> None:
        """Make the file that is to be read."""
        self.path.write_bytes(mutation.content)
        if mutation.sparse:
            os.truncate(self.path, mutation.sparse)

    def read(self, base: Parts, mutation: Mutation) -> str:
        """Read a changed bundle, and take it as far as it goes without Keras."""
        self.put(mutation)
        forget_peak()
        before = peak_bytes()
        try:
            with self.watch.over(READING):
                bundle = read_bundle(self.path)
                architecture_of(self.path, bundle, registry=REGISTRY)
        except BundleError as error:
            outcome = "refused"
            self._complain(mutation, faults(error, self.path))
        except Exception:  # every other exception is a fault that is to be told
            outcome = "failed"
            self._complain(mutation, traceback.format_exc())
        else:
            outcome = self._compared(base, mutation, bundle)
        grown = peak_bytes() - before
        self.peaks[mutation.kind] = max(self.peaks[mutation.kind], grown)
        self.counts[mutation.kind][outcome] += 1
        if mutation.same and outcome != "same":
            self._complain(mutation, f"says the same and is {outcome}")
        self._told(mutation)
        return outcome

    def load(self, base: Parts, mutation: Mutation, outcome: str, reference: Any) -> None:
        """Load a changed bundle whole, and let it classify where it can."""
        from cellclf.inference.loading import load_bundles

        images, answers = reference
        self.put(mutation)
        try:
            with self.watch.over(READING + BUILDING):
                classifier = load_bundles(self.path, registry=REGISTRY)
            found = classifier.predict_proba(images)
        except BundleError as error:
            self.counts[mutation.kind]["loaded: refused"] += 1
            if "instead of numbers" not in str(error):  # as the network says, which has no file
                self._complain(mutation, faults(error, self.path))
            if outcome == "same":
                self._complain(mutation, f"was the same, and is not loaded: {error}")
        except Exception:  # see above
            self._complain(mutation, traceback.format_exc())
        else:
            self.counts[mutation.kind]["loaded"] += 1
            if outcome == "refused":
                self._complain(mutation, "was refused, and is loaded")
            if outcome == "same" and not np.array_equal(found, answers[base.content]):
                self._complain(mutation, "was the same, and classifies otherwise")
            if not np.allclose(found.sum(axis=1), 1, atol=1e-5):
                self._complain(mutation, "gives what are no probabilities")
        self._told(mutation)

    def _compared(self, base: Parts, mutation: Mutation, bundle: Bundle) -> str:
        found = content_of(bundle)
        if found == self.originals[base.content]:
            return "same"
        if not mutation.sealed:
            self._complain(mutation, "was taken for true")
            return "another"
        for name, value in told_by(mutation.content).items():
            kept = found.get(name)
            if kept != value and not (isinstance(value, dict) and kept == {**kept, **value}):
                self._complain(mutation, f"{name} was read as {kept!r:.200}, not {value!r:.200}")
        return "as written"

    def _complain(self, mutation: Mutation, said: str) -> None:
        if said:
            self.wrong.append(f"{mutation.kind}: {said}")

    def _told(self, mutation: Mutation) -> None:
        for event in self.watch.told:
            self._complain(mutation, event)
        self.watch.told.clear()


def answers_of(judge: Judge, bases: list[Parts]) -> Any:
    """Images, and what the bundles say of them as they are."""
    from cellclf.inference.loading import load_bundles

    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    answers = {}
    for base in bases:
        judge.path.write_bytes(base.content)
        answers[base.content] = load_bundles(judge.path, registry=REGISTRY).predict_proba(images)
    return images, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--loaded", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    path = given.folder / "model.safetensors"
    stored_bundle.write(path)
    written = [path.read_bytes()]
    stored_bundle.write(path, half=True)
    written.append(path.read_bytes())
    older = sorted(stored_bundle.STORED.glob("*.safetensors"))
    bases = [Parts.of(content) for content in (*written, *(file.read_bytes() for file in older))]
    judge = Judge(path, bases)
    limited()
    sparing = max(given.number // max(given.loaded, 1), 1)
    kept = []
    for row, (base, mutation) in enumerate(mutations(given.number, bases, seed=given.seed)):
        outcome = judge.read(base, mutation)
        if given.loaded and (row % sparing == 0 or outcome == "as written"):
            kept.append((base, mutation, outcome))
    for name in ("keras", "tensorflow", "jax", "torch"):
        if name in sys.modules:
            judge.wrong.append(f"{name} was imported")
    loading = 0
    if given.loaded:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        reference = answers_of(judge, bases)
        before = peak_bytes()
        # Sound ones first: there are more refused ones than time to load them.
        kept.sort(key=lambda one: one[2] == "refused")
        for base, mutation, outcome in itertools.islice(kept, given.loaded):
            judge.load(base, mutation, outcome, reference)
        loading = peak_bytes() - before
    found = {
        "kinds": judge.counts,
        "peak_bytes": judge.peaks,
        "loading_bytes": loading,
        "wrong": judge.wrong,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
