"""A tiny rendered set, in the layout of the real one: for tests, and for a first run.

python -m cellclf_leukaemia_blasts.sample FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from cellclf_leukaemia_blasts.drawing import draw

__all__ = ["CELLS", "FOLDS", "SUBJECTS", "lay_out"]

FOLDS = 3

SUBJECTS = 9
"""Of each class: enough for every part of a run to have some."""

CELLS = 4
"""Of each subject."""


def lay_out(folder: Path) -> None:
    """Draw the set into a folder, which is made: the same one each time."""
    for kind, (tag, healthy) in enumerate((("all", ""), ("hem", "H"))):
        for number in range(SUBJECTS * CELLS):
            subject = number // CELLS + 1
            name = f"UID_{healthy}{subject}_1_{number % CELLS + 1}_{tag}.bmp"
            draw(folder / f"fold_{subject % FOLDS}" / tag / name, kind=kind, seed=number)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # the module and the folder
        sys.exit(__doc__)
    lay_out(Path(sys.argv[1]))
