"""What installed plugins cost a quick command: `cellclf plugins list` with 10 and with 100 of them.

    python benchmarks/many_plugins.py [--rounds N]

Distributions are made in temporary folders on the path: metadata with a page of description and
some requirements, one entry point, and a thin module that offers one augmentation. Each round runs
the command with few and with many, one after the other, so that a busy machine slows both; medians
and their ratio are printed. What is installed besides is listed in both. Each command says at its
end whether it imported TensorFlow or Keras; the script fails if one did.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FEW, MANY = 10, 100

LIST = """
import sys
from cellclf.cli.main import app
try:
    app(["plugins", "list", "--json"])
finally:
    heavy = {"tensorflow", "keras", "jax", "torch", "numpy"} & set(sys.modules)
    print(*sorted(heavy), file=sys.stderr)
"""

MODULE = """
from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

import cellclf


class Params(cellclf.Params):
    least: float = Field(0.8, gt=0, le=1, description="Smallest factor on every pixel.")


@cellclf.hookimpl
def cellclf_augmentations() -> Iterable[cellclf.AugmentationSpec]:
    yield cellclf.AugmentationSpec(
        name="dim_{number}", summary="Darken", params=Params, apply="many_{number}.pixels:dim"
    )
"""

METADATA = """\
Metadata-Version: 2.4
Name: many-{number}
Version: 1.{number}.0
Summary: A plugin of many
Requires-Python: >=3.11
Requires-Dist: cellclf<0.2,>=0.1
Requires-Dist: numpy<3,>=2.1
Requires-Dist: pydantic<3,>=2.11
Requires-Dist: pytest>=8; extra == 'test'
Description-Content-Type: text/markdown

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        sites = {count: made(Path(folder) / str(count), count) for count in (FEW, MANY)}
        for count, site in sites.items():  # compiles the modules, and fills the disk's cache
            listed(site, count)
        seconds: dict[int, list[float]] = {count: [] for count in sites}
        for _ in range(rounds):
            for count, site in sites.items():
                seconds[count].append(listed(site, count))
    medians = {count: statistics.median(taken) for count, taken in seconds.items()}
    for count, taken in seconds.items():
        print(
            f"{count:4} plugins: median {medians[count]:.3f} s of {rounds} "
            f"({min(taken):.3f} to {max(taken):.3f})"
        )
    print(f"ratio of the medians: {medians[MANY] / medians[FEW]:.2f}")
    each = (medians[MANY] - medians[FEW]) / (MANY - FEW)
    print(f"for each plugin: {1000 * each:.2f} ms; none imported TensorFlow, Keras or NumPy")


def made(site: Path, count: int) -> Path:
    for number in range(count):
        package = site / f"many_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(MODULE.replace("{number}", str(number)))
        info = site / f"many_{number}-1.{number}.0.dist-info"
        info.mkdir()
        description = "A sentence about cells and how they are told apart.\n" * 60
        (info / "METADATA").write_text(METADATA.replace("{number}", str(number)) + description)
        (info / "entry_points.txt").write_text(f"[cellclf]\nmany_{number} = many_{number}.plugin\n")
    return site


def listed(site: Path, count: int) -> float:
    known = os.environ.get("PYTHONPATH")
    path = f"{site}{os.pathsep}{known}" if known else str(site)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", LIST],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    found = [one for one in json.loads(done.stdout) if one["distribution"].startswith("many-")]
    assert len(found) == count, len(found)
    assert all(one["status"] == "ok" for one in found)
    assert not done.stderr.strip(), done.stderr
    return seconds


if __name__ == "__main__":
    main()
