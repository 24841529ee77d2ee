"""How models that were trained in one laboratory do on the cells of another.

    python benchmarks/other_laboratory.py BCCD_CROP NAME=MODEL ... [--half choices | opened]
        [--views none flips dihedral] [--share S] [--out FILE.csv]

BCCD_CROP holds single white cells of another laboratory, a folder a class. Classes of fewer than 20
cells are left out. Each class is divided into halves, always the same: `choices` is for whatever is
chosen, `opened` is opened once, when everything is. MODEL is a bundle, a run or the name of a
shipped model; the first is what the others are compared with.

An answer counts as right only where it is the cell's class among all that the model knows. Beside
it stands what the most probable of the shared classes gets. Printed is the mean of the classes'
recalls, balanced accuracy, with its 95 % interval

- of all cells;
- of the share of cells that each model is surest of, the same share for all (70 %);
- of the cells that the outlier gate lets through, and how many those are.

A difference to the first model is that of balanced accuracy on the same cells, its interval a
percentile bootstrap of pairs within classes.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import cellclf
from cellclf.engines.views import VIEWS
from cellclf.evaluation.bootstrap import of_mean
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.evaluation.proportions import Interval, clopper_pearson
from cellclf.terms import RESAMPLES, Views

FEWEST_CELLS = 20
SEED = 8
HALVES = ("choices", "opened")

Rights = NDArray[np.bool_]
Labels = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a model said of the cells.

    Attributes:
        model: What it is called, and from which sides it looked.
        right: Whether the most probable of all classes is the label, `(n,)`.
        right_of_shared: Whether the most probable of the shared classes is.
        confidence: How sure it was, `(n,)`.
        let_through: Whether the outlier gate let the cell through, `(n,)`.
    """

    model: str
    right: Rights
    right_of_shared: Rights
    confidence: NDArray[np.float32]
    let_through: Rights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=Path)
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    parser.add_argument("--half", choices=HALVES, default="choices")
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=["none"])
    parser.add_argument("--share", type=float, default=0.7)
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--out", type=Path, help="where to write the table, as CSV")
    asked = parser.parse_args()
    cellclf.prepare_backend()
    files = half_of(asked.cells, asked.half)
    labels = np.array([file.parent.name for file in files])
    answers = [
        answered(name, where, files, labels, views=views, engine=asked.engine)
        for name, _, where in (model.partition("=") for model in asked.models)
        for views in asked.views
    ]
    table = pd.DataFrame([row(answer, answers[0], labels, share=asked.share) for answer in answers])
    print(f"{len(files)} cells: {dict(zip(*np.unique(labels, return_counts=True), strict=True))}")
    print(table.to_string(index=False, float_format=lambda figure: f"{100 * figure:.1f}"))
    if asked.out is not None:
        table.to_csv(asked.out, index=False, float_format="%.4f", lineterminator="\n")


def half_of(cells: Path, half: str) -> list[Path]:
    """Return the files of one half of each class that is large enough."""
    rng = random.Random(SEED)
    found: list[Path] = []
    for folder in sorted(path for path in cells.iterdir() if path.is_dir()):
        files = sorted(folder.iterdir())
        if len(files) < FEWEST_CELLS:
            continue
        rng.shuffle(files)
        middle = (len(files) + 1) // 2
        found += sorted(files[:middle] if half == HALVES[0] else files[middle:])
    return found


def answered(
    name: str, where: str, files: Sequence[Path], labels: Labels, *, views: Views, engine: str
) -> Answered:
    """Ask a model about the cells."""
    model = cellclf.load(where, views=views, engine=engine)
    table = model.classify(files).table.set_index("path").loc[[str(file) for file in files]]
    shared = np.unique(labels)
    of_shared = table[[f"p_{label}" for label in shared]].to_numpy().argmax(axis=1)
    return Answered(
        model=name if views == "none" else f"{name}, {views}",
        right=(table["top_class"] == labels).to_numpy(),
        right_of_shared=shared[of_shared] == labels,
        confidence=table["confidence"].to_numpy(),
        let_through=(table["predicted"] != UNIDENTIFIED).to_numpy(),
    )


def row(answer: Answered, first: Answered, labels: Labels, *, share: float) -> dict[str, object]:
    """Return everything that is said of a model."""
    sure, sure_first = surest(answer.confidence, share), surest(first.confidence, share)
    figures: dict[str, object] = {"model": answer.model}
    figures |= spread("all", *balanced(answer.right, labels))
    figures |= {
        f"recall_{label}": float(answer.right[labels == label].mean())
        for label in np.unique(labels)
    }
    figures |= spread("shared", *balanced(answer.right_of_shared, labels))
    figures |= spread("surest", *balanced(answer.right[sure], labels[sure]))
    figures["let_through"] = float(answer.let_through.mean())
    if len(np.unique(labels[answer.let_through])) == len(np.unique(labels)):
        figures |= spread(
            "gate", *balanced(answer.right[answer.let_through], labels[answer.let_through])
        )
    if answer is not first:
        everything = np.ones(len(labels), dtype=bool)
        figures |= spread(
            "more", *difference(answer.right, everything, first.right, everything, labels)
        )
        figures |= spread(
            "more_of_surest", *difference(answer.right, sure, first.right, sure_first, labels)
        )
    return figures


def surest(confidence: NDArray[np.float32], share: float) -> Rights:
    """Whether a cell is among the share of which a model is surest; ties go to the first."""
    order = np.argsort(-confidence, kind="stable")
    chosen = np.zeros(len(confidence), dtype=bool)
    chosen[order[: round(share * len(confidence))]] = True
    return chosen


def balanced(right: Rights, labels: Labels) -> tuple[float, Interval]:
    """Return the mean of the classes' recalls and its interval, from their exact ones."""
    parts: list[tuple[float, Interval]] = []
    for label in np.unique(labels):
        of_class = right[labels == label]
        low, high = clopper_pearson(int(of_class.sum()), len(of_class))
        parts.append((float(of_class.mean()), Interval(low=low, high=high, method="exact")))
    mean = float(np.mean([figure for figure, _ in parts]))
    return mean, of_mean(mean, parts)


def difference(
    right: Rights, chosen: Rights, other: Rights, other_chosen: Rights, labels: Labels
) -> tuple[float, Interval]:
    """Return how much more balanced accuracy there is, on the cells that each is judged on.

    The classes' cells are drawn anew, each with what both models said of it.
    """
    rng = np.random.default_rng(SEED)
    of_classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    drawn = np.zeros(RESAMPLES)
    value = 0.0
    for rows in of_classes:
        counts = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES)
        for sign, hits, judged in ((1, right, chosen), (-1, other, other_chosen)):
            counted = counts @ judged[rows]
            with np.errstate(invalid="ignore"):
                drawn += sign * (counts @ (hits & judged)[rows]) / counted
            value += sign * hits[rows][judged[rows]].mean()
    low, high = np.nanquantile(drawn, [0.025, 0.975]) / len(of_classes)
    return value / len(of_classes), Interval(low=low, high=high, method="paired bootstrap")


def spread(name: str, value: float, interval: Interval) -> dict[str, object]:
    """A figure and its interval as columns."""
    return {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}


if __name__ == "__main__":
    main()
