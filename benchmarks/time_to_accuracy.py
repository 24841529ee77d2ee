"""How long Ultralytics' yolo11n-cls trains for its accuracy, and what cellclf has in a tenth of it.

    python benchmarks/time_to_accuracy.py PBC PBC_160 --peer ENVIRONMENT/bin/python [--epochs N]

PBC is the folder trained on, PBC_160 the larger one that holds its files too: both are judged on
those of PBC_160 whose names do not occur in PBC. Random weights, 128 px. `--peer` is the Python of
an environment with `benchmarks/requirements.txt`, which wants another OpenCV than cellclf.

yolo11n-cls has its own defaults and no validation but one after the last epoch, on 64 images that
it was trained on; its time is that of its `train`. It is given all processors, where by itself it
leaves one idle. Then cellclf trains `custom_cnn` from the same files for a tenth of those seconds,
with 90 % of them in the training part. What `cellclf.run` does besides, such as the audit and the
report, is timed as well. Ratios are those of this one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIZE = 128
SHARE = 0.1
VALIDATED_ON = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pbc", type=Path)
    parser.add_argument("larger", type=Path)
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--side", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(yolo(asked.pbc, asked.larger, asked.epochs)))
        return
    command = [asked.peer, __file__, str(asked.pbc), str(asked.larger), "--side"]
    finished = subprocess.run(
        [*command, "--epochs", str(asked.epochs)],
        env={**os.environ, "YOLO_OFFLINE": "true"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    theirs = json.loads(finished.stdout.splitlines()[-1])
    print(
        f"yolo11n-cls, {asked.epochs} epochs: {theirs['seconds']:.0f} s, "
        f"accuracy {theirs['accuracy']:.4f} on {theirs['images']:,} images",
        flush=True,
    )
    from pbc_to_pbc160 import MOST_TO_TRAIN_ON, trained_and_judged

    judged = trained_and_judged(
        asked.pbc,
        asked.larger,
        {"time_budget": SHARE * theirs["seconds"]},
        settings=MOST_TO_TRAIN_ON,
    )
    print(
        f"cellclf: {judged.training_seconds:.0f} s, {judged.run_seconds:.0f} s with all that a run "
        f"does, accuracy {judged.accuracy:.4f} on {judged.images:,} images"
    )
    print(f"training took {judged.training_seconds / theirs['seconds']:.1%} of their time")


def yolo(pbc: Path, larger: Path, epochs: int) -> dict[str, Any]:
    import torch
    from ultralytics import YOLO

    known = sorted(pbc.rglob("*.jpg"))
    names = {path.name for path in known}
    unseen = sorted(path for path in larger.rglob("*.jpg") if path.name not in names)
    with tempfile.TemporaryDirectory() as place:
        every = len(known) // VALIDATED_ON
        _link(known, Path(place) / "data" / "train")
        _link(known[::every], Path(place) / "data" / "val")
        model = YOLO("yolo11n-cls.yaml")
        # It has set one less than there are by then.
        all_of_them = os.cpu_count() or 1
        model.add_callback("on_train_start", lambda _: torch.set_num_threads(all_of_them))
        began = time.perf_counter()
        model.train(
            data=Path(place) / "data",
            epochs=epochs,
            imgsz=SIZE,
            pretrained=False,
            val=False,
            plots=False,
            device="cpu",
            project=Path(place) / "runs",
            verbose=False,
        )
        seconds = time.perf_counter() - began
        right = 0
        for path in unseen:
            (result,) = model.predict(path, imgsz=SIZE, device="cpu", verbose=False)
            right += result.names[result.probs.top1] == path.parent.name
    return {"seconds": seconds, "accuracy": right / len(unseen), "images": len(unseen)}


def _link(paths: list[Path], folder: Path) -> None:
    """Put files into folders of their classes."""
    for path in paths:
        place = folder / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).symlink_to(path.resolve())


if __name__ == "__main__":
    main()
