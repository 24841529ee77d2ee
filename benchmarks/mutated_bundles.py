"""Bundles changed by chance and by malice: what becomes of them, and the memory that it takes.

    python benchmarks/mutated_bundles.py [--number 5000] [--loaded 150] [--seed 0]

Two small bundles, one of the present schema and one of the oldest, are changed in as many ways as
`tests/inference/mutated/kinds.py` knows, and read in a process that is watched
(`tests/inference/mutated/judging.py`). A changed file is refused, or gives what the bundle gave;
where the digest was made to fit, it may be a sound bundle that says something else, and must then
be read as it is written. Prints a table, and ends with status 1 where anything else happened.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MIB = 1 << 20
ENDS = ("refused", "same", "as written")
LOADED = ("loaded", "loaded: refused")


def judged(*arguments: object) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.inference.mutated.judging",
                *map(str, arguments),
                folder,
            ],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            check=True,
        )
    return json.loads(done.stdout)


def row(name: str, counts: dict[str, int], peak: int) -> str:
    ends = [str(counts.get(end, 0)) for end in ENDS]
    return f"| {' | '.join([name, str(sum(map(int, ends))), *ends, f'{peak / MIB:.0f}'])} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--loaded", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begin = time.perf_counter()
    found = judged(
        *("--number", given.number, "--loaded", given.loaded, "--seed", given.seed),
    )
    seconds = time.perf_counter() - begin
    print("| change | bundles | refused | the same | as written | most memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    total: dict[str, int] = {}
    for name, counts in found["kinds"].items():
        print(row(name, counts, found["peak_bytes"][name]))
        for end, number in counts.items():
            total[end] = total.get(end, 0) + number
    print(row("all", total, max(found["peak_bytes"].values())))
    loaded, refused = (total.get(end, 0) for end in LOADED)
    print(f"\nLoaded whole: {loaded} classify, {refused} are refused; memory grew by ", end="")
    print(f"{found['loading_bytes'] / MIB:.0f} MiB. {seconds:.0f} s in all.")
    for said in found["wrong"]:
        print(f"WRONG: {said}")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
