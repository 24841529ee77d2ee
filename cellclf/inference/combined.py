"""What answers in place of one network's single look: views of it, or several networks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.engines.engine import Engine
from cellclf.engines.ensemble import Averaged
from cellclf.engines.views import Viewed
from cellclf.errors import BundleError
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.prediction_files import Member
from cellclf.inference.bundle import Bundle, BundleManifest
from cellclf.terms import Views

__all__ = ["SINGLE", "Combination", "combined_bundle", "combined_engine", "require_alike"]


@dataclass(frozen=True, kw_only=True)
class Combination:
    """What is averaged into an answer.

    Attributes:
        views: From which sides images are looked at.
        members: The models; empty where nothing is averaged.
    """

    views: Views = "none"
    members: tuple[Member, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], bundles: Sequence[Bundle], views: Views) -> Combination:
        """Return the combination of the models of some bundles, named by their files."""
        members = [
            Member(model=name, bundle_sha256=bundle.sha256)
            for name, bundle in zip(names, bundles, strict=True)
        ]
        return cls(views=views, members=tuple(members))

    def told(self) -> dict[str, Any]:
        """Return what a sidecar says of it, by field."""
        if not self.members:
            return {}
        if len(self.members) == 1:
            return {"views": self.views, "bundle_sha256": self.members[0].bundle_sha256}
        return {"views": self.views, "members": self.members, "bundle_sha256": None}


SINGLE = Combination()
"""One model that looks once."""


def require_alike(manifests: Sequence[tuple[str, BundleManifest]]) -> None:
    """Make sure that models can answer together.

    Their probabilities are averaged class by class, of images that are decoded and brought to one
    size once. All have the decoder of this version, or could not be loaded.

    Args:
        manifests: Of each model, what the message calls it and what is known of it.

    Raises:
        BundleError: Some differ in classes, in their order, in the size or the shape of images, or
            in being calibrated.
    """
    for name, manifest in manifests[1:]:
        first, base = manifests[0]
        different = _difference(base, manifest)
        if different:
            raise BundleError(f"{first} and {name} cannot answer together: {different}")


def combined_bundle(bundles: Sequence[Bundle], views: Views) -> Bundle:
    """Return what is known of views or models as if it were one.

    Calibration is done where models are averaged; what then decides is the first model's. What a
    single look of a single model confuses on validation does not hold for others, and is left out.

    Args:
        bundles: Of the models, the one that decides first.
        views: From which sides images are looked at.
    """
    first = bundles[0]
    if len(bundles) == 1 and views == "none":
        return first
    manifest = first.manifest.model_copy(
        update={
            "confusion": None,
            "synthetic": any(bundle.manifest.synthetic for bundle in bundles),
            "leaky": any(bundle.manifest.leaky for bundle in bundles),
        }
    )
    told_apart_by = "\n".join([views, *(bundle.sha256 for bundle in bundles)])
    sha256 = hashlib.sha256(told_apart_by.encode()).hexdigest()
    if len(bundles) == 1:
        return replace(first, manifest=manifest, sha256=sha256)
    return replace(
        first,
        manifest=manifest,
        sha256=sha256,
        decision=first.decision and _of_calibrated(first.decision),
        trained=np.unique(np.concatenate([bundle.trained for bundle in bundles])),
    )


def combined_engine(engines: Sequence[Engine], bundles: Sequence[Bundle], views: Views) -> Engine:
    """Return what looks at images from all sides with all models; an engine as it is where alone.

    Args:
        engines: One a model.
        bundles: What is known of each.
        views: From which sides images are looked at.
    """
    viewed = [engine if views == "none" else Viewed(engine, views) for engine in engines]
    if len(viewed) == 1:
        return viewed[0]
    return Averaged(
        [
            (engine, _as_it_is if bundle.decision is None else bundle.decision.calibration.apply)
            for engine, bundle in zip(viewed, bundles, strict=True)
        ]
    )


def _as_it_is(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    return probabilities


def _of_calibrated(decision: Decision) -> Decision:
    """The decision, for probabilities that are calibrated already."""
    calibration = decision.calibration
    as_they_are = Calibration(
        temperature=1.0,
        biases=np.zeros_like(calibration.biases),
        samples=calibration.samples,
    )
    return replace(decision, calibration=as_they_are)


def _difference(first: BundleManifest, other: BundleManifest) -> str:
    """Why two models cannot answer together; nothing where they can."""
    if first.classes != other.classes:
        return _of_classes(first.classes, other.classes)
    values: Mapping[str, tuple[Any, Any]] = {
        "images of {} pixels along each side": (first.image_size, other.image_size),
        "images made square by {!r}": (first.resize, other.resize),
    }
    for what, (one, two) in values.items():
        if one != two:
            return (
                f"the first takes {what.format(one)}, the other {what.format(two)}. Each image is "
                "decoded and resized once"
            )
    if bool(first.thresholds) != bool(other.thresholds):
        which = "first" if first.thresholds else "other"
        return (
            f"only the {which} is calibrated, and confidences that mean different things have no "
            "mean"
        )
    return ""


def _of_classes(first: Sequence[str], other: Sequence[str]) -> str:
    alone = [name for name in first if name not in other]
    added = [name for name in other if name not in first]
    if not alone and not added:
        return (
            f"their classes stand in different orders, {', '.join(first)} and {', '.join(other)}. "
            "Train them on the same data"
        )
    said = [
        f"only the {which} knows {', '.join(names)}"
        for which, names in (("first", alone), ("other", added))
        if names
    ]
    return f"their classes differ, {' and '.join(said)}"
