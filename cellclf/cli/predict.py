"""`cellclf predict`: classify new images with a trained model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.options import require_result_files

__all__ = ["predict"]


def predict(
    model: Annotated[str, typer.Argument(help="A bundle, or a run directory: its best model.")],
    paths: Annotated[list[str], typer.Argument(help="Images, folders of images, or globs.")],
    out: Annotated[
        Path | None, typer.Option(help="Write one row an image to this CSV file.")
    ] = None,
) -> None:
    """Classify images and count the classes.

    \b
    cellclf predict runs/first new_images/ --out new.csv
    cellclf predict runs/first/models/custom_cnn.safetensors 'slide7/*.jpg'
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.errors import DataError, LeakageWarning
    from cellclf.evaluation.prediction_files import require_free
    from cellclf.inference.classifier import load
    from cellclf.inference.inputs import expand_paths
    from cellclf.network.backend import prepare_backend

    files = expand_paths(paths)
    require_result_files({"--out": out})
    if out is not None:
        require_free(out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # the summary says it
        classifier = load(model, before_network=prepare_backend)
    with command_progress() as progress:
        classified = classifier.classify(files, progress=progress)
    if not len(classified.table):
        reasons = "".join(f"\n  {path}: {why}" for path, why in classified.unreadable.items())
        raise DataError(f"no image could be read:{reasons}")
    typer.echo(classified.summary())
    if out is not None:
        classified.write_csv(out)
        typer.echo(f"Written: {out}")
