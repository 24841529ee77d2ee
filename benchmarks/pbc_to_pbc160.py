"""Train on one part of the PBC blood cells, judge on the 10,247 images that it does not hold.

    python benchmarks/pbc_to_pbc160.py PBC PBC_160 [EPOCHS [SEED]]

PBC is the folder trained on, PBC_160 the larger one; files of PBC_160 whose names occur in PBC are
left out of the judgement. Prints training time, accuracy and its 95 % Clopper-Pearson interval.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, f1_score

import cellclf


def main(pbc: Path, larger: Path, epochs: int = 20, seed: int = 0) -> None:
    cellclf.prepare_backend()
    trained_on = {path.name for path in pbc.rglob("*.jpg")}
    unseen = sorted(path for path in larger.rglob("*.jpg") if path.name not in trained_on)
    with tempfile.TemporaryDirectory() as folder:
        finished = cellclf.run(
            data={"dataset": "blood_cells", "path": pbc},
            models=["custom_cnn"],
            training={"epochs": epochs},
            seed=seed,
            out=Path(folder) / "run",
        )
        (model,) = finished.comparison.to_dict("records")
        table = finished.load().predict([str(path) for path in unseen])
    truth = [Path(path).parent.name for path in table["path"]]
    right = int((table["top_class"] == truth).sum())
    interval = binomtest(right, len(table)).proportion_ci(0.95, "exact")
    print(f"epochs {epochs}, seed {seed}, training {model['training_seconds']:.0f} s")
    print(f"own test part: accuracy {model['accuracy']:.4f}")
    print(
        f"{len(table)} unseen images: accuracy {right / len(table):.4f} "
        f"[{interval.low:.4f}, {interval.high:.4f}], "
        f"balanced {balanced_accuracy_score(truth, table['top_class']):.4f}, "
        f"macro F1 {f1_score(truth, table['top_class'], average='macro'):.4f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
