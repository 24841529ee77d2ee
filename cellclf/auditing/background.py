"""Whether the class can be told without looking at the cell: from the border pixels alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.data.samples import Samples
from cellclf.progress import Progress, Silent

__all__ = ["BackgroundProbe", "background_findings", "probe_background"]

FOLDS = 5
TREES = 100

SMALLEST_LEAF = 3
"""Images that a leaf must hold: a tree must not learn single borders by heart."""

MOST_OF_A_CLASS = 2_000
"""Images of one class that are looked at; more would make the figure slower, not clearer."""

RESAMPLES = 1_000
CONFIDENCE = 0.95

WIDENED = math.sqrt(1 + FOLDS / (FOLDS - 1))
"""By how much the spread over resamples is too small for a figure from `FOLDS` folds, whose trees
share most of their training images: the correction of Nadeau and Bengio (2003), 1.5."""

NOTABLE = 0.4
"""From here on the border gives a class away: agreement with the truth beyond chance that Landis
and Koch (1977) call moderate. 0 is chance, 1 certainty."""


@dataclass(frozen=True, kw_only=True)
class BackgroundProbe:
    """How well the class can be told from the border strip alone.

    Attributes:
        accuracy: Balanced accuracy (mean recall of the classes), 0 to 1, cross-validated.
        low: Lower end of its 95 % interval, from a bootstrap over units.
        high: Upper end.
        classes: The classes that were told apart; those of fewer than five units are left out.
        recall: Share of each of them that was recognised, in that order.
        given_away: Lower end of the 95 % interval of Youden's J of each: its recall, less the share
            of all other images that were taken for it. 0 is chance, 1 certainty.
        images: How many images were looked at.
    """

    accuracy: float
    low: float
    high: float
    classes: tuple[str, ...]
    recall: tuple[float, ...]
    given_away: tuple[float, ...]
    images: int

    @property
    def chance(self) -> float:
        """Balanced accuracy of guessing."""
        return 1 / len(self.classes)

    @property
    def advantage(self) -> float:
        """How far the lower end of the interval is from chance (0) on the way to certainty (1)."""
        return max(0.0, (self.low - self.chance) / (1 - self.chance))

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """Classes that the border gives away."""
        found = zip(self.classes, self.given_away, strict=True)
        return tuple(name for name, certainty in found if certainty >= NOTABLE)


def probe_background(
    border: NDArray[np.float32],
    labels: NDArray[np.intp],
    units: NDArray[np.intp],
    classes: tuple[str, ...],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> BackgroundProbe | None:
    """Try to tell the classes apart by the border strip alone.

    Extremely randomised trees (Geurts et al., 2006) are trained on the border features of four
    fifths of the units and asked about the rest, five times, so that every image is asked about
    once, by trees that have seen no image of its unit. The interval resamples whole units (Field
    and Welsh, 2007), because images of one unit are right or wrong together, and is widened by
    `WIDENED`.

    Args:
        border: Features of the border of each readable image, shape `(n, k)`, as in
            `cellclf.auditing.appearance.APPEARANCE`.
        labels: Index in `classes` of each, shape `(n,)`; those of no class are not looked at.
        units: Unit of each, shape `(n,)`.
        classes: Class names.
        seed: Decides the trees, the folds and the resamples.
        progress: Told how many of the folds are done.

    Returns:
        The figure, or `None` where fewer than two classes have the five units that it takes.
    """
    # Imported here: it takes longer than to say that there is no such folder.
    from sklearn.ensemble import ExtraTreesClassifier

    rng = np.random.default_rng(seed)
    rows, kept = _chosen(labels, units, len(classes), rng)
    if len(kept) < 2:
        return None
    x, unit = border[rows], units[rows]
    y = np.searchsorted(kept, labels[rows])
    guessed = np.empty(len(y), np.intp)
    with (progress or Silent()).task("trying the border alone", FOLDS) as task:
        for training, asked in _folds(x, y, unit, seed):
            trees = ExtraTreesClassifier(
                TREES,
                min_samples_leaf=SMALLEST_LEAF,
                class_weight="balanced",
                # In this thread alone: scikit-learn's threads meddle with the process's warnings.
                n_jobs=1,
                random_state=seed,
            )
            guessed[asked] = trees.fit(x[training], y[training]).predict(x[asked])
            task.advance()
    counts = _by_unit(y, guessed, unit, len(kept))
    recall, certainty = _judged(*(count.sum(axis=0) for count in counts))
    resampled = [_judged(*(drawn @ count for count in counts)) for drawn in _draws(counts[0], rng)]
    accuracies = np.array([hits.mean() for hits, _ in resampled])
    low, high = _interval(accuracies, float(recall.mean()))
    given_away, _ = _interval(np.array([found for _, found in resampled]), certainty)
    return BackgroundProbe(
        accuracy=float(recall.mean()),
        low=float(max(low, 0.0)),
        high=float(min(high, 1.0)),
        classes=tuple(classes[number] for number in kept),
        recall=tuple(recall.tolist()),
        given_away=tuple(given_away.tolist()),
        images=len(y),
    )


def background_findings(samples: Samples, probe: BackgroundProbe | None) -> Iterator[Finding]:
    """Yield a warning where the border gives classes away, a note where it tells something.

    A warning needs certainty of `NOTABLE` in all or in one class, at the lower end of the interval.
    Near chance, which is where the interval of the accuracy reaches down to it, nothing is found.

    Args:
        samples: The set.
        probe: What the probe found.
    """
    if probe is None or (probe.low <= probe.chance and not probe.shortcuts):
        return
    warned = bool(probe.shortcuts) or probe.advantage >= NOTABLE
    told = f"; it gives away {', '.join(map(repr, probe.shortcuts))}" if probe.shortcuts else ""
    meaning = (
        "the network may learn the slide instead of the cell"
        if warned
        else "a little of what a network learns may be the slide and not the cell"
    )
    yield Finding(
        kind="background_shortcut",
        severity="warning" if warned else "note",
        files=tuple(sorted(sample.id for sample in samples if sample.label in probe.shortcuts)),
        detail=f"{100 * probe.accuracy:.0f} % of cells can be sorted by the border pixels alone "
        f"(95 % interval {100 * probe.low:.0f} to {100 * probe.high:.0f}, each class counted "
        f"alike); chance is {100 * probe.chance:.1f} %{told}: {meaning}",
    )


def _chosen(
    labels: NDArray[np.intp], units: NDArray[np.intp], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to look at, ascending, and the classes that have enough units."""
    kept, rows = [], []
    for number in range(count):
        members = np.flatnonzero(labels == number)
        if len(np.unique(units[members])) >= FOLDS:
            kept.append(number)
            few = min(len(members), MOST_OF_A_CLASS)
            rows.append(rng.choice(members, few, replace=False))
    return np.sort(np.concatenate(rows or [np.empty(0, np.intp)])), np.array(kept, np.intp)


def _folds(
    x: NDArray[np.float32], y: NDArray[np.intp], unit: NDArray[np.intp], seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows to train on and to ask about; no unit is in both."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if len(np.unique(unit)) == len(unit):  # the same, in a hundredth of the time
        plain = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        yield from plain.split(x, y)
    else:
        grouped = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        yield from grouped.split(x, y, unit)


Counts = NDArray[np.float64]


def _by_unit(
    y: NDArray[np.intp], guessed: NDArray[np.intp], unit: NDArray[np.intp], classes: int
) -> tuple[Counts, Counts, Counts]:
    """Images of each class, those recognised, and those taken for it; `(units, classes)` each."""
    _, place = np.unique(unit, return_inverse=True)
    asked = np.zeros((int(place.max()) + 1, classes))
    hit, taken = np.zeros_like(asked), np.zeros_like(asked)
    np.add.at(asked, (place, y), 1)
    np.add.at(taken, (place, guessed), 1)
    np.add.at(hit, (place, y), guessed == y)
    return asked, hit, taken


def _draws(asked: Counts, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """How often each unit is drawn, with replacement, again and again; no class is left out."""
    drawn = 0
    while drawn < RESAMPLES:
        times = np.bincount(rng.integers(len(asked), size=len(asked)), minlength=len(asked))
        if (times @ asked).all():
            drawn += 1
            yield times


def _interval(resampled: Counts, figure: Any) -> tuple[Any, Any]:
    """Ends of the interval of a figure, or of several, from the same figures over resamples."""
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [outside, 1 - outside], axis=0)
    return figure - WIDENED * (figure - low), figure + WIDENED * (high - figure)


def _judged(asked: Counts, hit: Counts, taken: Counts) -> tuple[Counts, Counts]:
    """Recall and Youden's J of each class."""
    recall = hit / asked
    return recall, recall - (taken - hit) / (asked.sum() - asked)
