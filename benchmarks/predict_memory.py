"""Memory of very many predictions, and what is left of them when the command is killed.

    python benchmarks/predict_memory.py [IMAGES [SUFFIX ...]]

Makes 200 JPEG files of 64 px in a temporary folder and names them 2,000 and IMAGES times (200,000)
by hard links; trains a custom CNN on rendered cells for one epoch, and prints:

- the highest `VmHWM` of `cellclf predict --out` for each number, once the engine has been made;
- for CSV, Parquet and JSON lines, or those that are named, how the result of a command that is
  killed ten times, after random numbers of images, and goes on by `--resume` compares with that of
  one that nobody disturbs.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from many_files import SIZE, many_files

from cellclf.inference.results import COMMIT_SECONDS

FEW, MANY = 2_000, 200_000
KILLS = 10
ENGINE = "openvino"
SUFFIXES = (".csv", ".parquet", ".jsonl")
MEBIBYTE = 1024
SECONDS_BETWEEN_LOOKS = 0.05

CELLCLF = (sys.executable, "-m", "cellclf")


def main(most: int = MANY, suffixes: Sequence[str] = SUFFIXES) -> None:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        os.environ["CELLCLF_CACHE"] = str(here / "cache")
        train = ("run", "--epochs", "1", "--image-size", str(SIZE), "--out", str(here / "run"))
        subprocess.run([*CELLCLF, *train], check=True, capture_output=True)
        for count in (FEW, most):
            many_files(here / str(count), here / "sources", count)
        _predicted(here, FEW, here / "first.csv")  # makes the engine
        few, _ = _predicted(here, FEW, here / "few.csv")
        print("| format | images | seconds | images a second | peak memory |", flush=True)
        print("| --- | --- | --- | --- | --- |", flush=True)
        for suffix in suffixes:
            peak, seconds = _predicted(here, most, here / f"whole{suffix}")
            print(
                f"| {suffix} | {most:,} | {seconds:.0f} | {most / seconds:,.0f} | "
                f"{peak:,.0f} MiB, {peak - few:+,.0f} to {FEW:,} images |",
                flush=True,
            )
        print("\n| format | kills | equal to the byte | rows |", flush=True)
        print("| --- | --- | --- | --- |", flush=True)
        for suffix in suffixes:
            out = here / f"killed{suffix}"
            kills = _killed(here, most, out)
            same = out.read_bytes() == (here / f"whole{suffix}").read_bytes()
            print(
                f"| {suffix} | {kills} | {'yes' if same else 'NO'} | {_rows(out):,} |", flush=True
            )


def _command(here: Path, count: int, out: Path, *more: str) -> list[str]:
    named = (str(here / "run"), str(here / str(count)), "--out", str(out), "--engine", ENGINE)
    return [*CELLCLF, "predict", *named, *more]


def _predicted(here: Path, count: int, out: Path) -> tuple[float, float]:
    """Peak memory in MiB, and seconds, of a command that nobody disturbs."""
    began = time.perf_counter()
    running = subprocess.Popen(
        _command(here, count, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    while running.poll() is None:
        peak = max(peak, _peak(running.pid))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if running.returncode:
        raise RuntimeError(f"the command ended with status {running.returncode}")
    return peak, time.perf_counter() - began


def _peak(process: int) -> float:
    """Highest resident memory of a process so far, in MiB; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line for line in lines if line.startswith("VmHWM:")]
    return int(found[0].split()[1]) / MEBIBYTE if found else 0.0


def _killed(here: Path, count: int, out: Path) -> int:
    """Go on again and again with what is killed, and return how often it was."""
    draws = random.Random(count)
    left = sorted(draws.sample(range(count), KILLS), reverse=True)
    kills = 0
    while True:
        running = subprocess.Popen(
            _command(here, count, out, "--resume"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if left and _gets_to(running, out, left.pop()):
            time.sleep(draws.uniform(0, COMMIT_SECONDS))
            running.send_signal(signal.SIGKILL)
        status = running.wait()
        if status == 0:
            return kills
        if status != -signal.SIGKILL:
            raise RuntimeError(f"the command ended with status {status}")
        kills += 1


def _gets_to(running: subprocess.Popen[bytes], out: Path, wanted: int) -> bool:
    """Wait until so many images are done; the command may end before."""
    journal = out.with_name(f"{out.name}.partial") / "journal.json"
    while running.poll() is None:
        if journal.exists() and json.loads(journal.read_bytes())["done"] >= wanted:
            return True
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return False


def _rows(path: Path) -> int:
    from cellclf.evaluation.prediction_files import read_predictions

    table = read_predictions(path)  # refuses a name that is there twice
    return len(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *filter(None, [sys.argv[2:]]))
