"""Predictions on a cluster that loses a machine, against those of one process.

    python benchmarks/ray_two_nodes.py [IMAGES]

Makes 200 JPEG files of 64 px in a temporary folder and names them IMAGES times (20,000) by hard
links; trains a custom CNN on rendered cells for one epoch. `cellclf predict --out` then looks at
all images by itself, and with `--workers ray` on two nodes of Ray on this machine, of one processor
each. The node that is not the head is killed, raylet and workers, when a third of the rows are
written. Prints how the rows compare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from many_files import SIZE, many_files
from ray_nodes import TwoNodes

IMAGES = 20_000
ENGINE = "openvino"
KILLED_AFTER = 1 / 3
LONGEST = 3600
SECONDS_BETWEEN_LOOKS = 0.05

CELLCLF = (sys.executable, "-m", "cellclf")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How rows compare with those of one process.

    Attributes:
        wanted: Rows of one process.
        rows: Rows of the cluster.
        distinct: Images that they are of.
        same: Whether both files are equal to the byte.
        difference: Largest difference of a probability.
    """

    wanted: int
    rows: int
    distinct: int
    same: bool
    difference: float


def main(images: int = IMAGES) -> None:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        os.environ["CELLCLF_CACHE"] = str(here / "cache")
        train = ("run", "--epochs", "1", "--image-size", str(SIZE), "--out", str(here / "run"))
        subprocess.run([*CELLCLF, *train], check=True, capture_output=True)
        many_files(here / "images", here / "sources", images)
        command = (str(here / "run"), str(here / "images"))
        alone, ray = here / "alone.parquet", here / "ray.parquet"
        predict(*command, "--out", str(here / "first.csv"))  # makes the engine
        began = time.perf_counter()
        predict(*command, "--out", str(alone))
        print(f"one process: {time.perf_counter() - began:.0f} s", flush=True)
        with TwoNodes() as nodes:
            print(f"two nodes, one killed: {with_a_loss(nodes, command, ray, images)}", flush=True)
        found = compared(alone, ray)
        print(f"rows: {found.rows:,} of {found.wanted:,}, of {found.distinct:,} images")
        print(f"files equal to the byte: {'yes' if found.same else 'NO'}")
        print(f"largest difference of a probability: {found.difference:.1e}")


def predict(*arguments: str) -> None:
    subprocess.run(_command(*arguments), check=True, stdout=subprocess.DEVNULL)


def with_a_loss(nodes: TwoNodes, arguments: tuple[str, ...], out: Path, images: int) -> str:
    """Predict on a cluster, kill its other node on the way, and say what happened."""
    more = ("--out", str(out), "--workers", "ray", "--ray-address", nodes.address)
    began = time.perf_counter()
    running = subprocess.Popen(
        _command(*arguments, *more), env=nodes.environment, stdout=subprocess.DEVNULL
    )
    done = 0
    while done < KILLED_AFTER * images:
        if running.poll() is not None:
            raise RuntimeError(f"the command ended too early, with status {running.returncode}")
        time.sleep(SECONDS_BETWEEN_LOOKS)
        done = journal_of(out).get("done", 0)
    after = time.perf_counter() - began
    killed = nodes.kill_other()
    if running.wait(LONGEST):
        raise RuntimeError(f"the command ended with status {running.returncode}")
    seconds = time.perf_counter() - began
    return (
        f"{seconds:.0f} s; {killed} processes of one node killed after {after:.0f} s, with "
        f"{done:,} rows written"
    )


def journal_of(out: Path) -> Mapping[str, int]:
    """How far a prediction has come."""
    try:
        found: Mapping[str, int] = json.loads(
            (out.parent / f"{out.name}.partial/journal.json").read_bytes()
        )
    except FileNotFoundError:
        return {}
    return found


def compared(alone: Path, ray: Path) -> Compared:
    wanted, found = pd.read_parquet(alone), pd.read_parquet(ray)
    classes = [name for name in wanted if name.startswith("p_")]
    both = wanted.merge(found, on="sample_id", suffixes=("", "_ray"))
    difference = np.abs(both[classes].to_numpy() - both[[f"{name}_ray" for name in classes]])
    return Compared(
        wanted=len(wanted),
        rows=len(found),
        distinct=found["sample_id"].nunique(),
        same=alone.read_bytes() == ray.read_bytes(),
        difference=float(difference.max().max()),
    )


def _command(*arguments: str) -> list[str]:
    return [*CELLCLF, "predict", *arguments, "--engine", ENGINE]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
