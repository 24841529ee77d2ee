"""One model of a run: fit it, predict, decide, and keep what came of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf import __version__
from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.data.decode import DECODE_VERSION
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.judge import answer_counts
from cellclf.evaluation.kept_promises import kept_promises
from cellclf.evaluation.outliers import OutlierScores
from cellclf.evaluation.prediction_files import read_predictions, write_predictions
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.sources import fingerprint
from cellclf.files import write_json
from cellclf.inference.bundle import BundleManifest, read_bundle, write_bundle
from cellclf.inference.rebuild import architecture_of
from cellclf.network import backend
from cellclf.network.build import set_weights, weights_of
from cellclf.network.forward import Forward
from cellclf.pipeline.earlier import earlier_bundle
from cellclf.pipeline.fit import built, fitted, on_one_device
from cellclf.pipeline.prepare import Prepared
from cellclf.pipeline.sources import group_text
from cellclf.pipeline.taken_over import history_of
from cellclf.pipeline.work import Work
from cellclf.registry import installed
from cellclf.run_directory import RunDirectory, read_json
from cellclf.specs import ModelSpec
from cellclf.terms import Part
from cellclf.training.checkpoint import discard_checkpoints
from cellclf.training.history import HISTORY_NAME, History, write_history

__all__ = ["Trained", "train"]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What came of one model.

    Attributes:
        label: What the run calls it.
        history: One row an epoch.
        predictions: Every sample of the validation, calibration and test parts.
        facts: `epochs`, `best_epoch`, `stopped_early`, `parameters`, `training_seconds`,
            `bundle_sha256`, and `promises`: what the decision promised and what came of it on the
            test part, `None` where the model is not calibrated.
    """

    label: str
    history: pd.DataFrame
    predictions: pd.DataFrame
    facts: Mapping[str, Any]

    def part(self, part: Part) -> pd.DataFrame:
        """Predictions of one part."""
        return self.predictions[self.predictions["split"] == part].reset_index(drop=True)


def train(label: str, work: Work) -> Trained:
    """Train one model, or take up what an earlier call has finished.

    Args:
        label: What the run calls it.
        work: The run.

    Raises:
        TrainingError: Training diverged.
        PluginError: The architecture, an augmentation or a callback is at fault.
        RunError: The run directory cannot be written to, or the run that is taken over not read.
        BundleError: A bundle of the run that is taken over cannot be read.
    """
    directory = work.directory
    if directory.facts(label).exists():
        work.progress.say(f"{label}: already trained")
        return Trained(
            label=label,
            history=pd.read_csv(directory.training(label) / HISTORY_NAME),
            predictions=read_predictions(directory.table(label)),
            facts=read_json(directory.facts(label)),
        )
    if work.plan.experiment.trained_in is None:
        history, network = fitted(label, work)
        if work.share.devices > 1:
            network = on_one_device(network, label, work)
    else:
        history, network = _taken_over(label, work, work.plan.experiment.trained_in)
    write_history(directory.training(label), history.rows)
    raw, outliers = _predictions(network, label, work)
    decision = _decision(raw, label, work)
    table = raw if decision is None else decision.decide(raw)
    bundle = _kept(label, work, network, table, decision, outliers)
    facts = {
        "epochs": len(history.table),
        "best_epoch": history.best_epoch,
        "stopped_early": history.stopped_early,
        "parameters": int(network.count_params()),
        # Of all epochs, those before an interruption too.
        "training_seconds": round(float(history.table["seconds"].sum()), 2),
        "bundle_sha256": bundle,
        "promises": decision and _promises(raw, table, decision, work.prepared),
    }
    write_json(directory.facts(label), facts)
    discard_checkpoints(directory.training(label))
    return Trained(label=label, history=history.table, predictions=table, facts=facts)


def _taken_over(label: str, work: Work, place: Path) -> tuple[History, keras.Model]:
    """Return how a model was trained in an earlier run, and its network, as it came out there."""
    earlier = RunDirectory(place)
    history = history_of(earlier, label)
    path = earlier.bundle(label)
    bundle = read_bundle(path)
    architecture_of(path, bundle, registry=installed())  # made by another decoder, it is refused
    network = built(label, work)
    set_weights(network, bundle.weights)
    work.progress.say(f"{label}: {history.reason}")
    return history, network


def _kept(
    label: str,
    work: Work,
    network: keras.Model,
    table: pd.DataFrame,
    decision: Decision | None,
    outliers: OutlierScores | None,
) -> str:
    """Write the bundle and the predictions of a model; returns the hash of the bundle."""
    chosen, prepared = work.plan.models[label], work.prepared
    manifest = _manifest(chosen, work.plan, prepared, table)
    bundle = write_bundle(
        work.directory.bundle(label),
        manifest,
        weights_of(network),
        decision=decision,
        outliers=outliers,
        trained=_trained_images(label, work),
        usual=prepared.usual,
    )
    thresholds = {} if decision is None else decision.thresholds()
    sidecar = manifest.sidecar(model=label, sha256=bundle, thresholds=thresholds)
    write_predictions(table, work.directory.predictions(label), sidecar=sidecar)
    return bundle


def _predictions(
    network: keras.Model, label: str, work: Work
) -> tuple[pd.DataFrame, OutlierScores | None]:
    """Predictions of the parts that judge, and what their outlier scores come from."""
    forward, prepared, progress = Forward(network), work.prepared, work.progress
    rows = prepared.judging
    outputs = forward(
        prepared.images, rows=rows, progress=progress, description=f"{label}: predicting"
    )
    known = prepared.split.rows("train")
    seen = forward(
        prepared.images,
        rows=known,
        progress=progress,
        description=f"{label}: what training images look like",
    )
    fitted = OutlierScores.fitted(seen.features, prepared.samples.labels[known])
    outliers = None if fitted is None else fitted.rounded()
    samples = [prepared.samples[row] for row in rows]
    table = predictions_table(
        sample_ids=[sample.id for sample in samples],
        paths=[sample.path or "" for sample in samples],
        groups=[group_text(sample) for sample in samples],
        splits=[str(part) for part in prepared.split.parts[rows]],
        labels=[sample.label for sample in samples],
        probabilities=outputs.probabilities,
        classes=prepared.samples.classes,
        outlier_scores=None if outliers is None else outliers.of(outputs.features),
    )
    return table, outliers


def _trained_images(label: str, work: Work) -> NDArray[np.uint64]:
    """Fingerprint of every image that the weights were fitted on, here or where they come from."""
    prepared, place = work.prepared, work.plan.experiment.trained_in
    here = fingerprint(prepared.store.content[row] for row in prepared.split.rows("train"))
    if place is None:
        earlier = earlier_bundle(work.plan.models[label])
    else:
        earlier = read_bundle(RunDirectory(place).bundle(label))
    return here if earlier is None else np.union1d(here, earlier.trained)


def _manifest(
    chosen: Chosen[ModelSpec], plan: Plan, prepared: Prepared, table: pd.DataFrame
) -> BundleManifest:
    data = plan.experiment.data
    validation = table[table["split"] == "validation"]
    return BundleManifest(
        architecture=chosen.spec.name,
        distribution=chosen.distribution,
        distribution_version=chosen.version,
        params=chosen.settings,
        classes=prepared.samples.classes,
        image_size=data.image_size,
        resize=data.resize,
        decode_version=DECODE_VERSION,
        synthetic=plan.dataset.spec.synthetic,
        leaky=prepared.leaky,
        confusion=tuple(map(tuple, answer_counts(validation).tolist())),
        fingerprints={"data": prepared.fingerprint, "experiment": plan.experiment.fingerprint},
        environment=_environment(),
    )


def _decision(raw: pd.DataFrame, label: str, work: Work) -> Decision | None:
    """What turns probabilities into answers, from the calibration part."""
    settings = work.plan.experiment.evaluation
    part = (raw["split"] == "calibration").to_numpy()
    decision = Decision.fitted(
        raw[part],
        units=_units(work.prepared)[part],
        target=settings.target_accuracy,
        coverage=settings.set_coverage,
        refused=settings.refused,
    )
    if decision is None:
        work.progress.warn(f"{label}: not calibrated, the calibration part is too small")
        return None
    if decision.refusal is None:
        work.progress.warn(
            f"{label}: no cell is called none of the classes, the training or the calibration part "
            "is too small"
        )
    return decision.rounded()


def _promises(
    raw: pd.DataFrame, table: pd.DataFrame, decision: Decision, prepared: Prepared
) -> dict[str, Any]:
    """What came of the decision on the test part."""
    part = (raw["split"] == "test").to_numpy()
    return kept_promises(raw[part], table[part], decision, units=_units(prepared)[part])


def _units(prepared: Prepared) -> NDArray[np.intp]:
    """The unit of each row of the predictions."""
    units: NDArray[np.intp] = prepared.audit.units[prepared.judging]
    return units


def _environment() -> dict[str, str]:
    found = backend.versions()
    return {
        "cellclf": __version__,
        "python": platform.python_version(),
        **{name: text for name, text in found.items() if isinstance(text, str)},
    }
