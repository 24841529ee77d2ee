"""A trained model for programs that know nothing of cellclf: one network, checked, with its record.

    FOLDER/...             what the format consists of
    FOLDER/cellclf.json    what has to be known of it

A format that is one file may be asked for as that file: `first.onnx` then has
`first.onnx.cellclf.json` beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf import __version__
from cellclf.engines.conversion import Run, convert, opened, require_convertible, versions_of
from cellclf.engines.engine import KERAS
from cellclf.engines.formats import format_offer
from cellclf.engines.proof import IMAGES, Answers, Proof, agreed, made_images
from cellclf.errors import BundleError, DataError
from cellclf.inference.chunks import input_chunks
from cellclf.inference.classifier import Classifier
from cellclf.inference.export_place import ExportPlace
from cellclf.inference.exported import OUTPUTS, ExportRecord
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs, PathLike
from cellclf.inference.loading import load_bundles
from cellclf.inference.locate import find_bundle
from cellclf.network.outputs import OUTLIER_SCORE, PROBABILITIES
from cellclf.progress import Progress, Silent
from cellclf.registry import Registry, installed
from cellclf.specs import EngineSpec

__all__ = ["Exported", "export"]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A network that was exported.

    Attributes:
        path: The folder, or the file.
        record_path: The JSON file with what has to be known of it.
        record: What that holds.
    """

    path: Path
    record_path: Path
    record: ExportRecord

    def summary(self) -> str:
        """Say what was written, and how far it is from Keras."""
        lines = [f"{self.record.format} of {self.record.model}, held against Keras"]
        for what, proof in (
            ("made", self.record.made_images),
            ("given", self.record.given_images),
        ):
            if proof is not None:
                lines.append(f"  {proof.images:,} {what} images: {proof}")
        if self.record.given_images is None:
            lines.append("  No images of yours were looked at: --images names some")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return what was written, and what its record says, as plain values."""
        return {
            "path": str(self.path),
            "record_path": str(self.record_path),
            "record": self.record.model_dump(mode="json", exclude_none=True),
        }


def export(
    where: PathLike,
    out: PathLike,
    *,
    format: str,  # noqa: A002  what it is called on the command line, too
    images: PathLike | Iterable[PathLike] | None = None,
    registry: Registry | None = None,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a trained model in a format that other programs read.

    The network takes `images`, `uint8` RGB `(n, size, size, 3)`, and gives `probabilities`,
    `(n, k)`, calibrated where the model is, and `outlier_score`, `(n,)`, where the model has one.
    It is held against Keras before anything appears under `out`.

    Args:
        where: A bundle, a run directory, of which the best model is taken, or the name of a model
            that comes with a plugin.
        out: A folder that is not there yet; or a file that is not there yet, named as the format
            names its own, such as `first.onnx`.
        format: Such as `"onnx"`; every engine has one.
        images: Images to hold it against Keras on, too, as `Classifier.classify` takes them.
        registry: Where architecture and format are looked for; the installed plugins by default.
        before_network: Called before Keras is imported; see `cellclf.load`.
        progress: Told of each step.

    Raises:
        BundleError: There is no such model, or it cannot be trusted, read or rebuilt.
        PluginError: There is no such format.
        EngineError: The network cannot be converted, or gives other numbers than Keras.
        DataError: Some of `images` do not exist or cannot be read.
        RunError: `out` is there already, or cannot be written to.
    """
    if not isinstance(where, str | os.PathLike):
        raise BundleError(
            "an export holds one model; models that answer together are exported each by itself. "
            f"Received: {type(where).__name__}"
        )
    plugins = registry or installed()
    listener = Silent() if progress is None else progress
    offer = format_offer(plugins, format)
    place = ExportPlace.of(Path(out), offer.spec.file)
    place.require_free()
    converted_with = {"cellclf": __version__, **versions_of(offer)}
    require_convertible(f"format {format!r}")
    inputs = Inputs([]) if images is None else find_inputs(images)
    classifier = load_bundles(
        find_bundle(where, registry=plugins, progress=progress),
        engine=KERAS,
        registry=plugins,
        before_network=before_network,
    )
    record = _record(classifier, offer.spec, place, converted_with)
    with place.draft() as draft:
        listener.say(f"Converting {classifier.name} to {record.format}")
        run = _converted(classifier, offer.spec, draft, record)
        record = _checked(record, classifier, run, inputs, progress=listener)
        del run  # Windows moves no file that is open
        place.finish(draft, record.model_dump_json(indent=2, exclude_none=True) + "\n")
    return Exported(path=place.path, record_path=place.record, record=record)


def _record(
    classifier: Classifier, spec: EngineSpec, place: ExportPlace, converted_with: Mapping[str, str]
) -> ExportRecord:
    manifest = classifier.manifest
    decision = classifier.decision
    gives = [PROBABILITIES, *([] if classifier.outliers is None else [OUTLIER_SCORE])]
    return ExportRecord(
        format=spec.format or spec.name,
        file=place.path.name if place.is_file else place.file,
        model=classifier.name,
        bundle_sha256=classifier.sha256,
        outputs={name: OUTPUTS[name] for name in gives},
        classes=classifier.classes,
        image_size=classifier.image_size,
        resize=manifest.resize,
        decode_version=manifest.decode_version,
        calibrated=decision is not None,
        thresholds={} if decision is None else decision.thresholds(),
        synthetic=manifest.synthetic,
        leaky=manifest.leaky,
        trained_with=manifest.environment,
        converted_with=converted_with,
    )


def _converted(classifier: Classifier, spec: EngineSpec, draft: Path, record: ExportRecord) -> Run:
    """Write the network into `draft`, and open it again."""
    from cellclf.inference.answering import answering

    decision = classifier.decision
    network = answering(
        classifier.model,
        calibration=None if decision is None else decision.calibration,
        outliers=classifier.outliers,
    )
    convert(spec, network, draft, metadata=record.metadata())
    return opened(spec, draft)


def _checked(
    record: ExportRecord,
    classifier: Classifier,
    run: Run,
    inputs: Inputs,
    *,
    progress: Progress,
) -> ExportRecord:
    """Hold what was written against Keras, on made images and on those of the user.

    Raises:
        EngineError: It gives other numbers.
        DataError: An image cannot be read.
    """
    size = classifier.image_size

    def expected(images: NDArray[np.uint8]) -> Answers:
        return _answers(classifier, images)

    given: Proof | None = None
    length = classifier.engine.batch_size
    with progress.task("Comparing images", IMAGES + len(inputs)) as task:
        made = agreed(record.format, run, expected, made_images(size))
        task.advance(IMAGES)
        for chunk in input_chunks(
            inputs, size=size, mode=classifier.manifest.resize, length=length
        ):
            for path, reason in chunk.unreadable.items():
                raise DataError(f"`images` must be readable. Received: {path}: {reason}")
            proof = agreed(record.format, run, expected, chunk.images)
            given = proof if given is None else given.joined(proof)
            task.advance(len(chunk.asked))
    return record.model_copy(update={"made_images": made, "given_images": given})


def _answers(classifier: Classifier, images: NDArray[np.uint8]) -> Answers:
    """What the classifier says of images of its own size, by the names of an export's outputs."""
    outputs = classifier.engine(images)
    probabilities = outputs.probabilities
    if classifier.decision is not None:
        probabilities = classifier.decision.calibration.apply(probabilities)
    answers = {PROBABILITIES: probabilities}
    if classifier.outliers is not None:
        answers[OUTLIER_SCORE] = classifier.outliers.of(outputs.features)
    return answers
