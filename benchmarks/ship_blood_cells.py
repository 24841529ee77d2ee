"""Put the best model of a run into cellclf-blood, as the trained model `blood_cells`.

    python benchmarks/ship_blood_cells.py RUN [--other-laboratories FILE.md] [--images FOLDER]

RUN is a complete run on the PBC set (`pbc_160`). Written are the bundle with kernels in float16,
held against the run's own on the validation images, or on those of `--images`; the model card, with
what FILE.md says of other laboratories' images; the experiment, without the place of the images;
and the names of the run's test images, on which the plugin's tests judge the model again. What only
a person knows comes from the table `card` of the run's experiment. What was there is replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from cellclf_blood.sources import PBC

import cellclf
from cellclf.files import write_text
from cellclf.run_directory import RunDirectory

PLUGIN = Path(__file__).parents[1] / "plugins" / "cellclf-blood"
NAME = "blood_cells"
MOST_BYTES = 5_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--other-laboratories", type=Path, default=None)
    parser.add_argument("--images", nargs="*", default=None)
    asked = parser.parse_args()
    shipped = cellclf.ship(
        asked.run,
        PLUGIN / "src" / "cellclf_blood" / "shipped",
        name=NAME,
        licence=PBC.licence,
        citation=PBC.citation,
        homepage=PBC.homepage,
        other_laboratories=asked.other_laboratories,
        images=asked.images,
        before_network=cellclf.prepare_backend,
    )
    print(shipped.summary())
    division = pd.read_csv(RunDirectory(asked.run).division_file, keep_default_na=False)
    test = division.loc[division["part"] == "test", ["sample_id", "label"]]
    part = PLUGIN / "tests" / f"{NAME}_test_part.csv"
    write_text(part, test.to_csv(index=False, lineterminator="\n"))
    print(f"Written: {part}, {len(test):,} test images")
    size = shipped.bundle.stat().st_size
    print(f"{size:,} bytes, of at most {MOST_BYTES:,}")
    if size > MOST_BYTES:
        raise SystemExit("The bundle is larger than it may be.")


if __name__ == "__main__":
    main()
