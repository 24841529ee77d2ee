"""The command `slide-summary`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cellclf
from slide_summary.model import classifier_from
from slide_summary.summary import by_slide

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table; return the exit status, 1 where cellclf refused."""
    asked = _asked(arguments)
    cellclf.prepare_backend()
    training = {} if asked.epochs is None else {"epochs": asked.epochs}
    try:
        classifier = classifier_from(
            asked.source,
            runs=asked.runs,
            data={"image_size": asked.image_size},
            training=training,
        )
        found = classifier.classify(asked.slides)
    except cellclf.CellclfError as refused:
        print(refused, file=sys.stderr)
        return 1
    table = by_slide(found.table, classifier.classes)
    table.to_csv(asked.out, index=False)
    print(table.to_string(index=False))
    for path, reason in found.unreadable.items():
        print(f"left out: {path}: {reason}", file=sys.stderr)
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="slide-summary", description=__doc__)
    parser.add_argument("source", type=Path, help="model file, run, or folder of labelled cells")
    parser.add_argument("slides", type=Path, help="folder of a folder a slide")
    parser.add_argument("--out", type=Path, default=Path("summary.csv"))
    parser.add_argument("--runs", type=Path, default=Path("runs/slide_summary"))
    parser.add_argument("--epochs", type=int, help="of a training, at most")
    parser.add_argument("--image-size", type=int, default=128)
    return parser.parse_args(arguments)
