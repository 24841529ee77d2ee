"""Very many images: read, looked at and written at once, in memory that does not grow with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from cellclf.errors import DataError, RunError
from cellclf.evaluation.prediction_files import read_sidecar, sidecar_of
from cellclf.inference.caveats import averaged
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs, PathLike
from cellclf.inference.journal import Journal, stopped, unreadable_of
from cellclf.inference.loading import load
from cellclf.inference.parts import Part
from cellclf.inference.results import Results
from cellclf.inference.totals import Counts, Totals
from cellclf.progress import Progress
from cellclf.terms import AUTO, Views

__all__ = ["Workers", "classifier_for", "predict"]

PARTS_AHEAD = 2
"""Parts that wait to be written while the network looks at the next."""


class Workers(Protocol):
    """Who looks at images: the machines of a cluster, for instance."""

    def stream(
        self,
        classifier: Classifier,
        inputs: Inputs,
        *,
        batch: int | None = None,
        done: int = 0,
        progress: Progress | None = None,
    ) -> Generator[Part, None, None]:
        """Classify images as `Classifier.stream` does, in the same parts and the same order."""


Stream = Callable[..., Generator[Part, None, None]]
"""`Classifier.stream`, or what a cluster does in its place: `inputs`, and the rest by name."""


def predict(
    model: Classifier | PathLike | Sequence[PathLike],
    inputs: Inputs | PathLike | Iterable[PathLike],
    *,
    out: PathLike | None = None,
    resume: bool = False,
    engine: str = AUTO,
    views: Views = "none",
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Totals:
    """Classify images, however many, and write what comes of each.

    Rows are appended to a folder beside `out`, `new.csv.partial`, while the next images are read
    and looked at; at the end they become `out`, with what they do not say of themselves beside it
    (`new.json`) and a list of the files that could not be read, where there are any
    (`new.unreadable.csv`).

    Args:
        model: A loaded classifier, a bundle, a run directory, which stands for its best model, or
            the name of a model that comes with a plugin; several answer together, see
            `cellclf.load`.
        inputs: Files, folders, patterns, zip files, `.npy` and `.npz` files of images, addresses
            such as `s3://cells/new`, or `-` for a list of such names on standard input.
        out: A `.csv`, `.parquet` or `.jsonl` file; without it, images are only counted.
        resume: Go on with what was stopped before. The result is the one of a run that was not
            stopped, to the byte.
        engine: What computes the answers, for a model that is not loaded yet; see `cellclf.load`.
            `"auto"` goes on with the engine that was used before.
        views: From which sides each image is looked at, likewise. A loaded classifier has both.
        workers: Who looks at the images: this process by default, or a cluster, such as
            `cellclf.RayWorkers()`. What is written is the same.
        progress: Told of each chunk of images.

    Returns:
        The counts, and what else a reader must know; `summary()` says it in words.

    Raises:
        DataError: Something named does not exist, no image could be read, or a loaded classifier is
            given with an engine or views.
        RunError: The place cannot be written to, or what was stopped there was another prediction.
        BundleError: There is no such model, or it cannot be trusted, read or rebuilt.
    """
    if isinstance(model, Classifier) and (engine, views) != (AUTO, "none"):
        raise DataError(
            "`engine` and `views` are for a model that is not loaded yet: give them to "
            f"`cellclf.load`. Received: engine={engine!r}, views={views!r} and a classifier"
        )
    found = inputs if isinstance(inputs, Inputs) else find_inputs(inputs)
    place = None if out is None else Path(out)
    classifier = (
        model
        if isinstance(model, Classifier)
        else classifier_for(
            model, out=place, resume=resume, engine=engine, views=views, progress=progress
        )
    )
    stream = classifier.stream if workers is None else partial(workers.stream, classifier)
    if place is None:
        return _counted(classifier, found, stream, progress)
    return _written(classifier, found, place, stream, resume=resume, progress=progress)


def classifier_for(
    model: PathLike | Sequence[PathLike],
    *,
    out: Path | None,
    resume: bool = False,
    engine: str = AUTO,
    views: Views = "none",
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Classifier:
    """Load a model for a prediction that may go on with one that was stopped.

    Args:
        model: What `cellclf.load` takes; or several.
        out: Where results are written.
        resume: Whether to go on.
        engine: What computes the answers; `"auto"` goes on with the engine that was used before.
        views: See `cellclf.load`.
        before_network: See `cellclf.load`.
        progress: See `cellclf.load`.

    Raises:
        RunError: There is something at `out` that may not be overwritten.
        BundleError: As `cellclf.load`.
    """
    journal = None if out is None else stopped(out, resume=resume)
    if journal is not None and engine == AUTO:
        engine = journal.engine
    return load(model, engine=engine, views=views, before_network=before_network, progress=progress)


def _counted(
    classifier: Classifier, inputs: Inputs, stream: Stream, progress: Progress | None
) -> Totals:
    counts = Counts.of(classifier.classes)
    looks = []
    for part in stream(inputs, progress=progress):
        counts = counts.plus(part, named=None)
        looks.append((part.looks, part.top))
    _require_read(counts)
    return replace(_totals(classifier, counts), drift=classifier.drift(looks))


def _written(
    classifier: Classifier,
    inputs: Inputs,
    out: Path,
    stream: Stream,
    *,
    resume: bool,
    progress: Progress | None,
) -> Totals:
    journal = stopped(out, resume=resume)
    _require_same(classifier, out, journal)
    if journal is None:
        journal = Journal(
            model=classifier.sha256,
            engine=classifier.engine.name,
            batch=classifier.engine.batch_size,
            format=out.suffix.lower(),
            counts=Counts.of(classifier.classes),
        )
    with Results(out, journal, classifier.classes) as results:
        if results.complete:
            sidecar = read_sidecar(out.with_suffix(""))
            results.discard()
        else:
            _write_parts(results.left(inputs), results, stream, progress)
            if not results.counts.images:
                results.discard()
                _require_read(results.counts)
            sidecar = classifier.sidecar(classifier.drift(results.looks()))
            results.finish(sidecar)
    totals = replace(_totals(classifier, results.counts), drift=sidecar.drift)
    listed = (unreadable_of(out),) if results.counts.unreadable else ()
    return replace(totals, files=(out, sidecar_of(out), *listed))


def _write_parts(
    inputs: Inputs, results: Results, stream: Stream, progress: Progress | None
) -> None:
    """Look at what is left, and write it down meanwhile."""
    journal = results.journal
    parts = stream(inputs, batch=journal.batch, done=journal.done, progress=progress)
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max_workers=1) as writer, closing(parts):
        for part in parts:
            waiting.append(writer.submit(results.add, part))
            if len(waiting) > PARTS_AHEAD:
                waiting.popleft().result()
        for one in waiting:
            one.result()


def _require_same(classifier: Classifier, out: Path, journal: Journal | None) -> None:
    """Make sure that what was stopped is the same prediction."""
    if journal is None:
        return
    now = (classifier.sha256, classifier.engine.name, out.suffix.lower())
    names = ("the models and views", "the engine", "the format")
    for name, before, one in zip(
        names, (journal.model, journal.engine, journal.format), now, strict=True
    ):
        if before != one:
            raise RunError(
                f"what was stopped at {out} can only go on with {name} that it began with. "
                f"Received: {one}; it began with {before}. Remove {out}.partial to begin anew"
            )


def _require_read(counts: Counts) -> None:
    if not counts.images:
        more = counts.unreadable - len(counts.unreadable_named)
        reasons = [f"\n  {path}: {why}" for path, why in counts.unreadable_named.items()]
        rest = [f"\n  and {more:,} more"] if more else []
        raise DataError(f"no image could be read:{''.join([*reasons, *rest])}")


def _totals(classifier: Classifier, counts: Counts) -> Totals:
    return Totals(
        counts=counts,
        thresholds={} if classifier.decision is None else classifier.decision.thresholds(),
        synthetic=classifier.manifest.synthetic,
        leaky=classifier.manifest.leaky,
        averages=averaged(classifier.sidecar()),
    )
