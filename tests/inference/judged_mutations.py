"""Read thousands of changed bundles in a process that is watched, and say what came of each.

    python -m tests.inference.judged_mutations --number 5000 --loaded 100 --seed 0 FOLDER

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from safetensors.numpy import load as load_tensors

from cellclf.errors import BundleError
from cellclf.inference.bundle import Bundle, read_bundle
from cellclf.inference.migrations import migrated
from cellclf.inference.rebuild import architecture_of
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params
from tests.inference import stored_bundle
from tests.inference.mutations import Mutation, Parts, mutations

LIMIT = 1 << 30
"""What reading any of them may take: the address space of the process may grow by so much."""

LONGEST = 2_000
"""Characters of a message that a person can read."""

READING = ("open", "object.__getattr__", "sys._getframe", "builtins.id")
"""Events of Python that reading a file is; all others are told."""

BUILDING = ("import", "compile", "exec", "marshal.loads")
"""Events that building a network is too, where they do not come of the file."""


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


class Watch:
    """What the process does while something is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self.armed = False
        sys.addaudithook(self._heard)

    @contextmanager
    def over(self, allowed: tuple[str, ...]) -> Iterator[None]:
        """Watch; nothing may change in the folder meanwhile."""
        before = listing(self.path.parent)
        self.allowed, self.armed = allowed, True
        try:
            yield
        finally:
            self.armed = False
            if listing(self.path.parent) != before:
                self.told.append("the folder is not what it was")

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "open" and event in self.allowed:
            name, mode, flags = arguments
            writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            ours = isinstance(name, str | os.PathLike) and Path(name) == self.path
            if not writing and (ours or BUILDING[0] in self.allowed):
                return
            self.told.append(f"open {name!r} {mode!r} {flags}")
        elif event not in self.allowed or "trap" in repr(arguments)[:1000]:
            self.told.append(f"{event} {arguments!r:.200}")


def listing(folder: Path) -> list[tuple[str, int, int]]:
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")))
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found]


def peak_bytes() -> int:
    """Most memory that the process ever took."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> None:
    """Where the system can, let the next peak be one of its own."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def limited() -> None:
    """A process that takes more than it may ends."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def content_of(bundle: Bundle) -> dict[str, Any]:
    """All that a bundle says, as values that can be compared."""
    groups = {
        "weights": bundle.weights,
        "decision": {} if bundle.decision is None else bundle.decision.arrays(),
        "outliers": {} if bundle.outliers is None else bundle.outliers.arrays(),
        "appearance": {} if bundle.usual is None else bundle.usual.arrays(),
        "trained": {"images": bundle.trained} if len(bundle.trained) else {},
    }
    found: dict[str, Any] = {
        f"{group}/{name}": (array.dtype.str, array.shape, array.tobytes())
        for group, arrays in groups.items()
        for name, array in arrays.items()
    }
    found["thresholds"] = {} if bundle.decision is None else bundle.decision.thresholds()
    return found | {"manifest": bundle.manifest.model_dump(mode="json")}


def told_by(content: bytes) -> dict[str, Any]:
    """The same of a file, read by other means."""
    parts = Parts.of(content)
    found: dict[str, Any] = {
        name: (array.dtype.str, array.shape, array.tobytes())
        for name, array in load_tensors(content).items()
        if array.size or not name.startswith("trained/")
    }
    written = migrated(parts.manifest)
    thresholds = {name: float(value) for name, value in written["thresholds"].items()}
    return found | {"thresholds": thresholds, "manifest": {**written, "thresholds": thresholds}}


def faults(error: BundleError, path: Path) -> str:
    """What is wrong with a message; nothing where it is as it should be."""
    said = str(error)
    if str(path) not in said:
        return f"does not name the file: {said[:LONGEST]}"
    if not said.isprintable() or len(said) > LONGEST:
        return f"is no line that a person can read: {said[:LONGEST]!r}"
    return ""


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
