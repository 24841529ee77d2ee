"""Train on one part of the PBC blood cells, judge on the 10,247 images that it does not hold.

    python benchmarks/pbc_to_pbc160.py PBC PBC_160 [--epochs N | --seconds S] [--seed N]

PBC is the folder trained on, PBC_160 the larger one; files of PBC_160 whose names occur in PBC are
left out of the judgement. Random weights, the default recipe. Prints training time, accuracy and
its 95 % Clopper-Pearson interval.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, f1_score

import cellclf
from cellclf.cli.settings import overridden


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pbc", type=Path)
    parser.add_argument("larger", type=Path)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--epochs", type=int, default=20)
    either.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=(), metavar="KEY=VALUE")
    asked = parser.parse_args()
    cellclf.prepare_backend()
    trained_on = {path.name for path in asked.pbc.rglob("*.jpg")}
    unseen = sorted(path for path in asked.larger.rglob("*.jpg") if path.name not in trained_on)
    length = {"epochs": asked.epochs} if asked.seconds is None else {"time_budget": asked.seconds}
    experiment = overridden(
        {"data": {"dataset": "blood_cells", "path": str(asked.pbc)}, "training": length},
        {"models": ["custom_cnn"], "seed": asked.seed},
        asked.set,
    )
    with tempfile.TemporaryDirectory() as folder:
        finished = cellclf.run(experiment, out=Path(folder) / "run")
        (model,) = finished.comparison.to_dict("records")
        table = finished.load().predict([str(path) for path in unseen])
    truth = [Path(path).parent.name for path in table["path"]]
    right = int((table["top_class"] == truth).sum())
    interval = binomtest(right, len(table)).proportion_ci(0.95, "exact")
    print(
        f"{model['training_epochs']:.0f} epochs, seed {asked.seed}, "
        f"training {model['training_seconds']:.0f} s"
    )
    print(f"own test part: accuracy {model['accuracy']:.4f}")
    print(
        f"{len(table)} unseen images: accuracy {right / len(table):.4f} "
        f"[{interval.low:.4f}, {interval.high:.4f}], "
        f"balanced {balanced_accuracy_score(truth, table['top_class']):.4f}, "
        f"macro F1 {f1_score(truth, table['top_class'], average='macro'):.4f}"
    )


if __name__ == "__main__":
    main()
