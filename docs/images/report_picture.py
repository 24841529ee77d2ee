"""Draw `report.png`, the picture of a report on rendered cells.

    python docs/images/report_picture.py [RUN]

RUN is a run that is there already; without it, one is made in a folder that goes. It takes a
Chromium and Playwright, which `requirements-dev.txt` installs.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import cellclf

TARGET = Path(__file__).with_name("report.png")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH = 1120
"""Pixels of a column, as it is photographed."""
HEIGHT = 1560
SHRUNK = 0.65
COLOURS = 256

EXPERIMENT = {
    "data": {
        "dataset": "blood_cells_demo",
        "image_size": 64,
        "params": {"images_per_class": 80},
    },
    "models": ["custom_cnn"],
    "training": {"epochs": 12},
    "seed": 1,
}
WHERE = """() => Object.fromEntries(
    ['#verdict h3', '#figures', '#figures h3', '#mistakes'].map(
        name => [name, document.querySelector(name).getBoundingClientRect().top]))"""


def photograph(report: Path) -> Image.Image:
    """Return two columns: the verdict and the confusions; the classes and the mistakes."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(report.resolve().as_uri())
        whole, at = whole_page(page), page.evaluate(WHERE)
        browser.close()
    columns = (
        [(0, at["#verdict h3"]), (at["#figures h3"], at["#mistakes"])],
        [(at["#figures"], at["#figures h3"]), (at["#mistakes"], at["#mistakes"] + HEIGHT)],
    )
    picture = Image.new("RGB", (2 * WIDTH, HEIGHT), "white")
    for left, pieces in enumerate(columns):
        top = 0
        for begin, end in pieces:
            piece = whole.crop((0, int(begin), WIDTH, int(end)))
            picture.paste(piece, (left * WIDTH, top))
            top += piece.height
    return picture


def whole_page(page: Page) -> Image.Image:
    """Return all of a page, from the top, as wide as its window."""
    return Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def main(run: str | None = None) -> None:
    """Make the run, unless there is one, and write the picture."""
    with TemporaryDirectory() as folder:
        place = Path(run) if run else cellclf.run(**EXPERIMENT, out=folder).path
        picture = photograph(place / "report.html")
    size = (int(picture.width * SHRUNK), int(picture.height * SHRUNK))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLOURS).save(TARGET, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
