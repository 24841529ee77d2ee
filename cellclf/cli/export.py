"""`cellclf export`: a trained model in a format that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli import completion
from cellclf.cli.options import ModelArgument
from cellclf.cli.output import JsonOption, print_result, print_written

__all__ = ["export"]


def export(
    model: ModelArgument,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="The format; `cellclf plugins list` has the engines. half_bundle is a bundle of "
            "about half the size.",
            autocompletion=completion.formats,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="A new folder; or a new file, such as first.onnx, where it is one file."),
    ],
    images: Annotated[
        list[str] | None,
        typer.Option(
            help="Images, a folder of images, or a glob to compare it with the original on; may be "
            "given again."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model in another format, or in half the bytes. Not for clinical use.

    The network takes images as bytes and gives calibrated probabilities and the outlier score. It
    is held against Keras before it appears, on images that are made and on those of --images.
    A half_bundle keeps kernels in float16 and is held against the original in the same way.

    \b
    cellclf export runs/first --format onnx --out first.onnx
    cellclf export runs/first --format openvino --out first_openvino --images new_images/
    cellclf export runs/first --format half_bundle --out first.safetensors --images new_images/
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.engines.formats import HALF_BUNDLE
    from cellclf.inference.export import export as write
    from cellclf.inference.half import half_bundle
    from cellclf.network.backend import prepare_backend

    if format_ == HALF_BUNDLE:
        with command_progress() as progress:
            half = half_bundle(
                model, out, images=images, before_network=prepare_backend, progress=progress
            )
        print_result(as_json, half.summary, half.as_json)
        print_written(half.path, as_json=as_json)
        return
    with command_progress() as progress:
        exported = write(
            model,
            out,
            format=format_,
            images=images,
            before_network=prepare_backend,
            progress=progress,
        )
    print_result(as_json, exported.summary, exported.as_json)
    print_written(exported.path, exported.record_path, as_json=as_json)
