"""Training the runs one after the other, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import tomli_w

from benchmarks.three_architectures.runs import Asked, Run
from cellclf.files import write_text
from cellclf.run_directory import RunDirectory

__all__ = ["SPEEDS", "measure_speeds", "train"]

SPEEDS = "speeds.json"
"""File in a run directory: how many images a second its network looks at."""

ON_PROCESSOR = {"CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"}
"""Engines other than Keras are made by TensorFlow, whatever a network was trained with."""


def train(asked: Asked, runs: Sequence[Run], images: Path, out: Path) -> None:
    """Train what is not trained yet, and measure the speed of each network that it gave.

    A run that was stopped goes on where it was.

    Raises:
        SystemExit: One of them failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    asked.write_down(out)
    for run in runs:
        place = out / run.name
        if RunDirectory(place).is_complete():
            print(f"{run.name}: trained already", flush=True)
        else:
            file = out / f"{run.name}.toml"
            write_text(file, tomli_w.dumps(asked.experiment(run, images)))
            print(f"{run.name}: training", flush=True)
            began = time.perf_counter()
            _call([sys.executable, "-m", "cellclf", "run", str(file), "--out", str(place)])
            print(f"{run.name}: {time.perf_counter() - began:.0f} s in all", flush=True)
        if not (place / SPEEDS).exists():
            measure_speeds([place])


def measure_speeds(places: Sequence[Path]) -> None:
    """Measure how fast the networks of finished runs are, on the processor and where they were.

    Each is measured in a process of its own, so that none has another's threads and memory.
    """
    for place in places:
        command = [sys.executable, "-m", "benchmarks.three_architectures.speeds", str(place)]
        print(f"{place.name}: images a second", flush=True)
        _call(command, ON_PROCESSOR)
        devices = RunDirectory(place).record()["devices"]
        if any("cpu" not in device.lower() for device in devices):
            _call([*command, "--card"])


def _call(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode:
        raise SystemExit(f"failed with status {done.returncode}: {' '.join(command)}")
