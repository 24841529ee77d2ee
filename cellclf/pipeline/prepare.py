"""From a plan to images that can be trained on: load, read, audit, split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.audit import Audit, audit
from cellclf.auditing.findings import FindingKind
from cellclf.checking import Plan
from cellclf.data.samples import Samples, Split
from cellclf.data.split import split
from cellclf.data.store import ImageStore, open_store
from cellclf.errors import DataError, LeakageError, PluginError
from cellclf.evaluation.confusion import MACRO
from cellclf.files import cache_folder
from cellclf.progress import Progress
from cellclf.terms import PARTS, Part

__all__ = ["Prepared", "prepare_data"]


EXAMPLES = 3
"""How many findings of a kind a warning names."""

WARNED_OF: Mapping[FindingKind, str] = {
    "unreadable": "images that cannot be read and are left out",
    "label_conflict": "images with more than one label",
}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that the models of a run share.

    Attributes:
        samples: All samples, the unreadable too.
        store: Their pixels.
        audit: What is wrong with them.
        split: The part of each sample; an empty string for the unreadable.
        fingerprint: SHA-256 over ids, labels, content and parts.
    """

    samples: Samples
    store: ImageStore
    audit: Audit
    split: Split
    fingerprint: str

    @property
    def images(self) -> NDArray[np.uint8]:
        """All images, `uint8`, `(n, size, size, 3)`."""
        return self.store.images

    def counts(self) -> Mapping[Part, dict[str, int]]:
        """Samples by part and class."""
        labels = self.samples.labels
        return {
            part: {
                name: int(np.count_nonzero(labels[self.split.rows(part)] == number))
                for number, name in enumerate(self.samples.classes)
            }
            for part in PARTS
        }


def prepare_data(plan: Plan, progress: Progress) -> Prepared:
    """Load, read, audit and split the images of an experiment.

    Raises:
        DataError: No usable images, no honest split, or leakage.
    """
    samples = _load(plan)
    progress.say(f"{len(samples):,} images of {len(samples.classes)} classes")
    for note in samples.notes:
        progress.warn(note)
    settings = plan.experiment.data
    store = open_store(
        samples,
        size=settings.image_size,
        mode=settings.resize,
        cache=cache_folder(),
        progress=progress,
    )
    if len(store.unreadable) == len(samples):
        row, reason = next(iter(store.unreadable.items()))
        raise DataError(f"no image can be read; the first, {samples[row].id}: {reason}")
    found = audit(samples, content=store.content, unreadable=store.unreadable)
    for warning in _warnings(found):
        progress.warn(warning)
    divided = _split(plan, samples, store, found)
    _refuse_leakage(samples, found, divided)
    for warning in divided.warnings:
        progress.warn(warning)
    return Prepared(
        samples=samples,
        store=store,
        audit=found,
        split=divided,
        fingerprint=_fingerprint(samples, store, divided),
    )


def _load(plan: Plan) -> Samples:
    data = plan.experiment.data
    loaded = plan.dataset.function("load")(plan.dataset.params, root=data.path)
    if not isinstance(loaded, Samples):
        raise PluginError(
            f"`load` of the dataset {plan.dataset.spec.name!r} must return Samples. "
            f"Received: {type(loaded).__name__}"
        )
    samples = loaded.relabel(rename=data.classes.rename, leave_out=data.classes.leave_out)
    if MACRO in samples.classes:
        raise DataError(
            f"no class may be called {MACRO!r}, which is what the mean over classes is called: "
            "rename it with data.classes.rename"
        )
    return samples


def _warnings(found: Audit) -> Iterator[str]:
    """One line for each kind of finding that a person should look at, with the first few."""
    for kind, meaning in WARNED_OF.items():
        findings = [finding for finding in found.findings if finding.kind == kind]
        examples = "; ".join(
            f"{', '.join(finding.files)}: {finding.detail}" for finding in findings[:EXAMPLES]
        )
        more = "; ..." if len(findings) > EXAMPLES else ""
        if findings:
            yield f"{meaning}: {len(findings)} ({examples}{more})"


def _split(plan: Plan, samples: Samples, store: ImageStore, found: Audit) -> Split:
    """Split the readable samples; the others are in no part."""
    readable = np.ones(len(samples), dtype=bool)
    readable[list(store.unreadable)] = False
    settings = plan.experiment.data.split
    divided = split(
        samples.keep(readable),
        found.units[readable],
        fractions=settings.fractions,
        seed=plan.experiment.seed,
        keep_given=settings.keep_given,
    )
    parts = np.full(len(samples), "", dtype=divided.parts.dtype)
    parts[readable] = divided.parts
    return Split(parts=parts, warnings=divided.warnings)


def _refuse_leakage(samples: Samples, found: Audit, divided: Split) -> None:
    """Look once more, whoever divided the samples: no unit may lie in two parts."""
    parts_of: dict[int, dict[str, str]] = {}
    for sample, unit, part in zip(samples, found.units, divided.parts, strict=True):
        if part:
            parts_of.setdefault(int(unit), {}).setdefault(str(part), sample.id)
    for parts in parts_of.values():
        if len(parts) > 1:
            where = ", ".join(f"{name} in {part}" for part, name in parts.items())
            raise LeakageError(f"samples that belong together are in different parts: {where}")


def _fingerprint(samples: Samples, store: ImageStore, divided: Split) -> str:
    digest = hashlib.sha256()
    for sample, content, part in zip(samples, store.content, divided.parts, strict=True):
        digest.update(f"{sample.id}\t{sample.label}\t{content}\t{part}\n".encode())
    return digest.hexdigest()
