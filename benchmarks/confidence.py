"""What a network trained on one part of the PBC blood cells promises, and whether it keeps it.

    python benchmarks/confidence.py DATA RUN

DATA holds `pbc`, `pbc_160`, `malaria`, `chula_rbc`, `bccd_crop` and `bccd_fields`. RUN is what
`pbc_to_pbc160.py` trained on `pbc` and kept. The images of `pbc_160` that `pbc` does not hold are
divided into halves, each class evenly: one to calibrate on, one to test on. Printed are

- the calibration error before and after, how many cells of each class their sets hold and between
  which numbers that should be, the accuracy of what is accepted without review;
- how many outliers of several kinds each of several methods refuses, the first kinds to choose the
  method on, the second to judge it on;
- what becomes of images of another laboratory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from outlier_images import Images, to_choose_on, to_judge_on
from outlier_methods import Seen, methods

import cellclf
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.kept_promises import kept_promises, promise_sentences
from cellclf.evaluation.outliers import OutlierScores
from cellclf.evaluation.predictions import predictions_table
from cellclf.inference.chunks import input_chunks
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs

REFUSED = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    asked = parser.parse_args()
    cellclf.prepare_backend()
    examined = Examined(cellclf.load(asked.run), asked.data, asked.run)
    examined.promises()
    examined.outliers()
    examined.another_laboratory()


class Examined:
    """A trained network, and the images that it is examined on."""

    def __init__(self, classifier: Classifier, data: Path, run: Path) -> None:
        # Imported here: it imports Keras, for which the backend must be prepared.
        from cellclf.network.forward import Forward

        self.classifier, self.data = classifier, data
        self.classes = classifier.classes
        self._forward = Forward(classifier.model)
        self.rng = np.random.default_rng(0)
        division = pd.read_csv(run / "division.csv").query("part == 'train'")
        self.training = self._seen(self._read([data / "pbc" / one for one in division.sample_id]))
        self.training_labels = self._numbers(division.label)
        known = {path.name for path in (data / "pbc").rglob("*.jpg")}
        others = sorted(
            path for path in (data / "pbc_160").rglob("*.jpg") if path.name not in known
        )
        labels = np.array([path.parent.name for path in others])
        self.halves = halves(labels, self.rng)
        self.labels = [labels[half] for half in self.halves]
        self.images = [self._read([others[row] for row in half]) for half in self.halves]
        self.seen = [self._seen(images) for images in self.images]
        scores = OutlierScores.fitted(self.training.features, self.training_labels)
        assert scores is not None
        self.scores = scores
        self.tables = [
            self._table(seen, labels) for seen, labels in zip(self.seen, self.labels, strict=True)
        ]
        decision = Decision.fitted(self.tables[0], refused=REFUSED)
        assert decision is not None
        self.decision = decision

    def promises(self) -> None:
        """Print what was promised of the second half, and what came of it."""
        raw = self.tables[1]
        decided = self.decision.decide(raw)
        found = kept_promises(raw, decided, self.decision)
        print(f"calibrated on {len(self.tables[0]):,}, tested on {len(raw):,}")
        print(
            f"accuracy {np.mean(raw['top_class'] == raw['label']):.4f} before calibration, ", end=""
        )
        print(f"{np.mean(decided['top_class'] == decided['label']):.4f} after")
        for sentence in promise_sentences(found):
            print(sentence)
        error = found["calibration_error"]
        print(f"ECE ({error['bins']}): {error['before']:.4f} before, {error['after']:.4f} after")
        print("\nclass, cells: share held by their sets, 99 % band for all classes, share refused")
        for name, one in found["sets"]["classes"].items():
            refused = found["refusal"]["classes"][name]
            inside = "inside" if one["low"] <= one["covered"] <= one["high"] else "OUTSIDE"
            print(
                f"{name}, {one['samples']}: {one['covered']:.4f} "
                f"[{one['low']:.4f}, {one['high']:.4f}] {inside}, {refused['refused']:.4f} "
                f"[{refused['low']:.4f}, {refused['high']:.4f}]"
            )

    def outliers(self) -> None:
        """Print the share of outliers that each method refuses at 5 % of true cells."""
        calibration, test = self.seen
        kinds = {
            "to choose on": to_choose_on(self.images[0], self.data / "bccd_fields", self.rng),
            "to judge on": to_judge_on(self.images[1], self.data, self._read, self.rng),
        }
        scored = methods(self.training, self.training_labels)
        for purpose, images in kinds.items():
            seen = {name: self._seen(of_kind) for name, of_kind in images.items()}
            print(f"\nshare refused, {purpose}")
            for method, score in scored.items():
                threshold = np.quantile(score(calibration), 1 - REFUSED)
                shares = {name: np.mean(score(one) > threshold) for name, one in seen.items()}
                print(
                    f"{method}: {np.mean(score(test) > threshold):.3f} of true test cells; "
                    f"mean {np.mean([*shares.values()]):.3f}; "
                    + ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
                )

    def another_laboratory(self) -> None:
        """Print what becomes of white cells of another laboratory."""
        paths = sorted((self.data / "bccd_crop").rglob("*.jp*g"))
        labels = np.array([path.parent.name.lower() for path in paths])
        decided = self.decision.decide(self._table(self._seen(self._read(paths)), None))
        right = (decided["top_class"] == labels).to_numpy()
        accepted = (decided["predicted"] != "unidentified").to_numpy()
        sure = ~decided["review"].to_numpy(dtype=bool)
        print(f"\nBCCD, {len(right)} cells of {', '.join(sorted(set(labels)))}")
        print(
            f"accuracy of all {right.mean():.4f}; share not refused {accepted.mean():.4f}, ", end=""
        )
        print(
            f"accuracy of those {right[accepted].mean() if accepted.any() else np.nan:.4f}; ",
            end="",
        )
        print(f"neither refused nor for review {sure.mean():.4f}")

    def _read(self, paths: Sequence[Path]) -> Images:
        manifest = self.classifier.manifest
        chunks = input_chunks(
            find_inputs(paths), size=manifest.image_size, mode=manifest.resize, length=64
        )
        return np.concatenate([chunk.images for chunk in chunks])

    def _seen(self, images: Images) -> Seen:
        outputs = self._forward(images)
        # A softmax forgets one number of each row, which the energy needs: read it off the head.
        head = self.classifier.model.get_layer("logits")
        logits = outputs.features @ np.asarray(head.kernel) + np.asarray(head.bias)
        return Seen(logits=logits, features=outputs.features)

    def _table(self, seen: Seen, labels: NDArray[np.str_] | None) -> pd.DataFrame:
        shifted = np.exp(seen.logits - seen.logits.max(axis=1, keepdims=True))
        return predictions_table(
            sample_ids=[str(row) for row in range(len(seen.logits))],
            labels=None if labels is None else labels.tolist(),
            probabilities=shifted / shifted.sum(axis=1, keepdims=True),
            classes=self.classes,
            outlier_scores=self.scores.of(seen.features),
        )

    def _numbers(self, labels: pd.Series) -> NDArray[np.intp]:
        return pd.Index(self.classes).get_indexer(pd.Index(labels)).astype(np.intp)


def halves(labels: NDArray[np.str_], rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Rows of each of two halves, every class evenly."""
    halves: list[list[int]] = [[], []]
    for name in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == name))
        halves[0] += rows[::2].tolist()
        halves[1] += rows[1::2].tolist()
    return [np.sort(np.array(half)) for half in halves]


if __name__ == "__main__":
    main()
