"""What test-time views and ensembles gain on real blood cells that nothing was trained on.

    python benchmarks/views_and_ensembles.py DATA RUN [OTHER ...] [--engine NAME]

DATA holds `pbc`, `pbc_160`, `malaria` and `chula_rbc`. RUN and OTHER are runs on `pbc`, as
`pbc_to_pbc160.py` keeps them. The images of `pbc_160` that `pbc` does not hold are divided into
halves, as in `confidence.py`: one to calibrate each network on, with a single look at each image,
one to judge on. Printed are

- what each way of answering is worth, and how it compares with a single look of RUN;
- what becomes of calibration where views are averaged in other ways;
- how many true cells, and how many images that are none, are refused with the threshold of a single
  look, where scores or features are averaged over views;
- the processor time of each way, of the engine alone and from files to a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from confidence import halves
from numpy.typing import NDArray
from outlier_images import Images, to_judge_on
from scipy.special import softmax

import cellclf
from cellclf.engines.views import VIEWS, turned
from cellclf.evaluation.calibration import Calibration, expected_calibration_error
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.gain import gains
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.evaluation.predictions import predictions_table
from cellclf.inference.chunks import input_chunks
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.loading import averaging
from cellclf.terms import ResizeMode

TIMED = 128
"""Files that are classified to be timed."""

ROUNDS = 2

MOST_OF_A_KIND = 1000
"""Images of each kind that is no cell of the known classes."""

LOG_FLOOR = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a network said of images, view by view: `(8, n, k)` and `(8, n, f)`."""

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network, what it said of the unseen images, and what its outlier scores come from."""

    classifier: Classifier
    seen: Seen
    scores: OutlierScores

    def averaged(self, views: int, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = self.seen.probabilities[:views, rows].mean(axis=0)
        return mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--engine", default="auto")
    asked = parser.parse_args()
    cellclf.prepare_backend()
    examined = Examined(asked.data, asked.runs, asked.engine)
    examined.ways()
    examined.averages()
    examined.refusal()
    cost([network.classifier for network in examined.networks], examined.paths)


class Examined:
    """Networks, and the images that they are examined on."""

    def __init__(self, data: Path, runs: Sequence[Path], engine: str) -> None:
        self.data = data
        known = {path.name for path in (data / "pbc").rglob("*.jpg")}
        self.paths = [
            path for path in sorted((data / "pbc_160").rglob("*.jpg")) if path.name not in known
        ]
        self.labels = np.array([path.parent.name for path in self.paths])
        self.rng = np.random.default_rng(0)
        self.calibration, self.test = halves(self.labels, self.rng)
        loaded = [cellclf.load(run, engine=engine) for run in runs]
        self.classes = loaded[0].classes
        self.size, self.mode = loaded[0].image_size, loaded[0].manifest.resize
        self.true = pd.Index(self.classes).get_indexer(pd.Index(self.labels)).astype(np.intp)
        self.images = self._read(self.paths)
        self.networks = [
            self._network(classifier, run) for classifier, run in zip(loaded, runs, strict=True)
        ]
        self.calibrations = [
            Calibration.fitted(self.true[self.calibration], network.averaged(1, self.calibration))
            for network in self.networks
        ]
        decision = Decision.fitted(
            self._table(
                self.networks[0].averaged(1, self.calibration),
                self.calibration,
                self._scores(self.networks[0].seen, 1)[self.calibration],
            )
        )
        assert decision is not None
        self.decision = decision

    def ways(self) -> None:
        """Print what each way of answering is worth on the half to judge on."""
        tables = {}
        for networks in (1, len(self.networks)) if len(self.networks) > 1 else (1,):
            for name, views in VIEWS.items():
                meant = [
                    calibration.apply(network.averaged(views, self.test))
                    for network, calibration in zip(
                        self.networks[:networks], self.calibrations, strict=False
                    )
                ]
                scores = self._scores(self.networks[0].seen, views)[self.test]
                table = self._table(np.mean(meant, axis=0), self.test, scores)
                tables[f"{networks} network(s), {name}"] = self.decision.reviewed(table)
        for number, (network, calibration) in enumerate(
            zip(self.networks[1:], self.calibrations[1:], strict=True), start=2
        ):
            meant = calibration.apply(network.averaged(1, self.test))
            scores = self._scores(self.networks[0].seen, 1)[self.test]
            tables[f"network {number} alone, none"] = self.decision.reviewed(
                self._table(meant, self.test, scores)
            )
        print(f"\ncalibrated on {len(self.calibration):,}, judged on {len(self.test):,}")
        print(gains(tables).set_index("way").T.to_string(float_format=lambda one: f"{one:.4f}"))

    def averages(self) -> None:
        """Print what becomes of calibration where views are averaged in other ways."""
        print("\nlog loss, calibration error, mean confidence less accuracy, accuracy")
        for number, (network, calibration) in enumerate(
            zip(self.networks, self.calibrations, strict=True), start=1
        ):
            for name, views in VIEWS.items():
                each = network.seen.probabilities[:views, self.test].astype(np.float64)
                logs = np.log(np.maximum(each, LOG_FLOOR))
                ways: Mapping[str, Floats] = {
                    "probabilities, then calibrated": calibration.apply(each.mean(axis=0)),
                    "logarithms, then calibrated": calibration.apply(
                        softmax(logs.mean(axis=0), axis=1)
                    ),
                    "calibrated, then probabilities": np.mean(
                        [calibration.apply(one) for one in each], axis=0
                    ),
                }
                for way, found in ways.items():
                    print(f"network {number}, {name}, {way}: {self._calibrated(found)}")

    def refusal(self) -> None:
        """Print how many images are refused with the threshold of a single look."""
        network = self.networks[0]
        kinds = {
            name: self._look(network.classifier, images[:MOST_OF_A_KIND])
            for name, images in to_judge_on(
                self.images[self.test], self.data, self._some_of, self.rng
            ).items()
        }
        known = self._scores(network.seen, 1)
        refusal = Refusal.fitted(known[self.calibration])
        assert refusal is not None
        print("\nrefused of true cells, mean over kinds of others, and by kind")
        for name, views in VIEWS.items():
            for way, features in (("scores", False), ("features", True)):

                def share(seen: Seen, views: int = views, features: bool = features) -> Floats:
                    return refusal.refuses(self._scores(seen, views, features=features))

                cells = float(share(network.seen)[self.test].mean())
                others = {kind: float(share(seen).mean()) for kind, seen in kinds.items()}
                print(
                    f"{name}, mean of {way}: {cells:.4f}; {np.mean([*others.values()]):.4f}; "
                    + ", ".join(f"{kind} {one:.3f}" for kind, one in others.items())
                )

    def _network(self, classifier: Classifier, run: Path) -> Network:
        division = pd.read_csv(run / "division.csv").query("part == 'train'")
        training = self._read([self.data / "pbc" / one for one in division.sample_id])
        features = np.concatenate(
            [classifier.engine(chunk).features for chunk in _chunks(training)]
        )
        labels = pd.Index(self.classes).get_indexer(pd.Index(division.label))
        scores = OutlierScores.fitted(features, labels)
        assert scores is not None
        return Network(
            classifier=classifier, seen=self._look(classifier, self.images), scores=scores
        )

    def _look(self, classifier: Classifier, images: Images) -> Seen:
        """Look at images from each of eight sides."""
        by_view = [
            [classifier.engine(np.ascontiguousarray(chunk)) for chunk in _chunks(view)]
            for view in turned(images, "dihedral")
        ]
        return Seen(
            probabilities=np.stack(
                [np.concatenate([one.probabilities for one in view]) for view in by_view]
            ),
            features=np.stack([np.concatenate([one.features for one in view]) for view in by_view]),
        )

    def _scores(self, seen: Seen, views: int, *, features: bool = False) -> NDArray[np.float32]:
        """Outlier scores of the first network, the mean over views or those of mean features."""
        of_views = seen.features[:views]
        scores = self.networks[0].scores
        return scores.of(of_views.mean(axis=0) if features else of_views.swapaxes(0, 1))

    def _table(
        self,
        probabilities: NDArray[np.floating],
        rows: NDArray[np.intp],
        scores: NDArray[np.float32],
    ) -> pd.DataFrame:
        return predictions_table(
            sample_ids=[str(row) for row in rows],
            labels=self.labels[rows].tolist(),
            probabilities=probabilities,
            classes=self.classes,
            outlier_scores=scores,
        )

    def _calibrated(self, found: Floats) -> str:
        true = self.true[self.test]
        loss = -np.log(np.maximum(found[np.arange(len(true)), true], LOG_FLOOR)).mean()
        accuracy = (found.argmax(axis=1) == true).mean()
        error = expected_calibration_error(true, found)
        over = found.max(axis=1).mean() - accuracy
        return f"{loss:.4f}, {error:.4f}, {over:+.4f}, {accuracy:.4f}"

    def _some_of(self, paths: Sequence[Path]) -> Images:
        some = self.rng.permutation(len(paths))[:MOST_OF_A_KIND]
        return self._read([paths[row] for row in some])

    def _read(self, paths: Sequence[Path]) -> Images:
        return _read(paths, self.size, self.mode)


def cost(members: Sequence[Classifier], paths: Sequence[Path]) -> None:
    """Print the processor time of each way: of the engine alone, and from files to a table.

    Processor time rather than time: other work on the machine changes it less. All ways are timed
    in turn, several times, and the least of each counts.
    """
    files = paths[:: max(1, len(paths) // TIMED)][:TIMED]
    images = _read(files, members[0].image_size, members[0].manifest.resize)
    ways = {
        (number, name): averaging(members[:number], views=name)
        for number in sorted({1, len(members)})
        for name in VIEWS
    }
    least: dict[tuple[int, str], tuple[float, float]] = dict.fromkeys(ways, (np.inf, np.inf))
    for _ in range(ROUNDS):
        for way, classifier in ways.items():
            chunks = _chunks(images, classifier.engine.batch_size)
            began = time.process_time()
            for chunk in chunks:
                classifier.engine(chunk)
            looked = time.process_time()
            classifier.classify(files)
            ended = time.process_time()
            alone, whole = looked - began, ended - looked
            least[way] = min(least[way][0], alone), min(least[way][1], whole)
    print("\nprocessor milliseconds an image, and times as much: engine alone; files to a table")
    plain = least[1, "none"]
    for (number, name), (alone, whole) in least.items():
        print(
            f"{number} network(s), {name}, {ways[number, name].engine.name}: "
            f"{1000 * alone / len(files):.2f}, {alone / plain[0]:.1f}; "
            f"{1000 * whole / len(files):.2f}, {whole / plain[1]:.1f}"
        )


def _read(paths: Sequence[Path], size: int, mode: ResizeMode) -> Images:
    chunks = input_chunks(find_inputs(paths), size=size, mode=mode, length=256)
    return np.concatenate([chunk.images for chunk in chunks])


def _chunks(images: Images, length: int = 128) -> list[Images]:
    return [images[start : start + length] for start in range(0, len(images), length)]


if __name__ == "__main__":
    main()
