"""How large the cells of Chula RBC-12 are: python benchmarks/red_cell_extent.py DIR

Prints the median size of a cell and how far it reaches from its marked centre, in pixels of the
field. DIR holds the single cells, 80 x 80 pixels around their centres, one folder a shape. Cells
that touch another, or whose outline is not closed, are passed over.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CENTRE = 40


def outline(image: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the dark thing at the centre; `None` if it meets the edge."""
    green = cv2.GaussianBlur(image[..., 1], (3, 3), 0)
    _, dark = cv2.threshold(green, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    _, light = cv2.connectedComponents(1 - dark, connectivity=4)
    rim = {*light[0], *light[-1], *light[:, 0], *light[:, -1]}
    dark[~np.isin(light, list(rim)) & (light > 0)] = 1  # the pale middle of a cell is cell
    _, things, boxes, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    thing = things[CENTRE, CENTRE]
    left, top, width, height = (int(value) for value in boxes[thing][:4])
    right, bottom = left + width, top + height
    if thing == 0 or min(left, top) == 0 or max(right, bottom) == image.shape[0]:
        return None
    return left, top, right, bottom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", type=Path)
    files = sorted(parser.parse_args().cells.glob("*/*.png"))
    found = [outline(cv2.imread(str(file))) for file in files]
    boxes = np.array([box for box in found if box is not None])
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    reaches = np.abs(boxes - CENTRE).max(axis=1)
    print(f"{len(boxes):,} of {len(files):,} cells")
    print(f"size {np.median(sizes):.0f} px, reach {np.median(reaches):.0f} px (medians)")


if __name__ == "__main__":
    main()
