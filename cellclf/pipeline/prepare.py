"""From a plan to images that can be trained on: load, read, audit, split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.audit import Audit, audit
from cellclf.checking import Plan
from cellclf.data.groups import grouped_by_pattern, grouped_by_table
from cellclf.data.leaks import Leak, leaky_warning
from cellclf.data.samples import Samples, Split
from cellclf.data.stain_focus import stain_and_focus
from cellclf.data.store import ImageStore, open_store
from cellclf.errors import DataError
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.files import cache_folder
from cellclf.pipeline.audit_words import audit_command, audit_warnings, name_of
from cellclf.pipeline.divide import LeftOut, divide
from cellclf.pipeline.load import load_dataset
from cellclf.progress import Progress
from cellclf.settings import DataSettings
from cellclf.terms import JUDGED, PARTS, Part

__all__ = ["Prepared", "load_samples", "prepare_data"]

LOOKED_AT = 500
"""Training images of a class that what is usual is taken from: five of them are the hundredth."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything that the models of a run share.

    Attributes:
        samples: All samples, those left out too.
        store: Their pixels.
        audit: What is wrong with them.
        split: The part of each sample; an empty string for those left out.
        left_out: The samples in no part, with the reason.
        leaks: What the given split separates although it belongs together, where that was allowed.
        fingerprint: SHA-256 over ids, labels, content and parts.
    """

    samples: Samples
    store: ImageStore
    audit: Audit
    split: Split
    left_out: tuple[LeftOut, ...]
    leaks: tuple[Leak, ...]
    fingerprint: str

    @property
    def leaky(self) -> bool:
        """Whether the figures of this run come from a split that leaks."""
        return bool(self.leaks)

    @property
    def images(self) -> NDArray[np.uint8]:
        """All images, `uint8`, `(n, size, size, 3)`."""
        return self.store.images

    @property
    def judging(self) -> NDArray[np.intp]:
        """Rows of the parts that judge, one part after the other, shape `(m,)`."""
        return np.concatenate([self.split.rows(part) for part in JUDGED])

    @cached_property
    def usual(self) -> UsualLook:
        """What training images look like, by `LOOKED_AT` of each class, evenly over all of them.

        Measured once, for all models of a run.
        """
        rows = self.split.rows("train")
        labels = self.samples.labels[rows]
        places = [np.flatnonzero(labels == number) for number in np.unique(labels)]
        evenly = [np.linspace(0, len(of) - 1, min(len(of), LOOKED_AT)).astype(int) for of in places]
        chosen = np.sort(
            np.concatenate([of[taken] for of, taken in zip(places, evenly, strict=True)])
        )
        measures = [
            stain_and_focus(self.images[rows[chosen[start : start + LOOKED_AT]]])
            for start in range(0, len(chosen), LOOKED_AT)
        ]
        return UsualLook.of(
            np.concatenate(measures), labels[chosen], classes=len(self.samples.classes)
        )

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
        DataError: No usable images, no honest split, or a given split that leaks.
    """
    samples = load_samples(plan)
    _refuse_unclassed(samples)
    progress.say(samples.headline)
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
    found = audit(samples, progress=progress, content=store.content, name=name_of(plan))
    warnings = list(audit_warnings(found))
    for warning in warnings:
        progress.warn(warning)
    divided = divide(
        samples,
        found,
        unreadable=store.unreadable,
        settings=settings.split,
        seed=plan.experiment.seed if settings.split.seed is None else settings.split.seed,
        look=f"To see the pictures:\n  {audit_command(plan)}",
    )
    for warning in divided.split.warnings:
        progress.warn(warning)
    if divided.leaks:
        progress.warn(leaky_warning(divided.leaks))
    if warnings:
        progress.say("the report will list all that was found, audit.html beside it has pictures")
    return Prepared(
        samples=samples,
        store=store,
        audit=found,
        split=divided.split,
        left_out=divided.left_out,
        leaks=divided.leaks,
        fingerprint=_fingerprint(samples, store, divided.split),
    )


def load_samples(plan: Plan) -> Samples:
    """Load the samples of an experiment, classes renamed and left out as it asks.

    Raises:
        DataError: The data cannot be used.
        PluginError: The dataset plugin is at fault.
    """
    data = plan.experiment.data
    loaded = load_dataset(plan.dataset, data.path)
    samples = loaded.relabel(rename=data.classes.rename, leave_out=data.classes.leave_out)
    if loaded.classes and not samples.classes:
        raise DataError(
            "data.classes.leave_out must leave two classes or more to learn. Received: all "
            f"{len(loaded.classes)} of them"
        )
    samples = _grouped(samples, data)
    if MACRO in samples.classes:
        raise DataError(
            f"no class may be called {MACRO!r}, which is what the mean over classes is called: "
            "rename it with data.classes.rename"
        )
    return samples


def _refuse_unclassed(samples: Samples) -> None:
    """Refuse what nothing can be learnt from: images without a class, and a class that is none."""
    if UNIDENTIFIED in samples.classes:
        raise DataError(
            f"no class may be called {UNIDENTIFIED!r}: that is the answer for a cell that is none "
            "of the classes. Give it another name (data.classes.rename), or leave it out "
            "(data.classes.leave_out)"
        )
    unlabelled = samples.unlabelled
    if unlabelled:
        raise DataError(
            f"every image must have a label to learn from. Received: {len(unlabelled):,} of "
            f"{len(samples):,} without one, such as {unlabelled[0].id}. Put the images of each "
            "class into a folder with its name, as in neutrophil/1.jpg, or list them in a table "
            "(--dataset csv). `cellclf audit` looks at images without labels as they are"
        )


def _grouped(samples: Samples, data: DataSettings) -> Samples:
    """Lay what the user knows of groups over what the plugin said, the pattern last."""
    table = data.group_table
    if table.path is not None:
        samples = grouped_by_table(
            samples, table.path, path_column=table.path_column, group_columns=table.group_columns
        )
    if data.group_pattern is not None:
        samples = grouped_by_pattern(samples, data.group_pattern)
    return samples


def _fingerprint(samples: Samples, store: ImageStore, divided: Split) -> str:
    digest = hashlib.sha256()
    for sample, content, part in zip(samples, store.content, divided.parts, strict=True):
        digest.update(f"{sample.id}\t{sample.label}\t{content}\t{part}\n".encode())
    return digest.hexdigest()
