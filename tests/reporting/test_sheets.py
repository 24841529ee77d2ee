from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cellclf.reporting.figures import as_svg
from cellclf.reporting.sheets import augmented_sheet, cell_sheet, sample_sheet


def pictures(count: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("classes", [2, 12])
def test_a_sample_sheet_has_a_named_row_for_each_class(classes: int) -> None:
    names = [f"class {n}" for n in range(classes)]
    labels = np.repeat(np.arange(classes), 3)
    figure = sample_sheet(pictures(len(labels)), labels, names, per_class=2)
    assert texts(figure) == names
    assert len(figure.axes[0].images) == 2 * classes


def test_a_class_without_images_has_an_empty_row() -> None:
    figure = sample_sheet(pictures(1), [0], ["seen", "unseen"])
    assert texts(figure) == ["seen", "unseen"]
    assert len(figure.axes[0].images) == 1


def test_an_augmented_sheet_has_the_original_left_of_its_views() -> None:
    originals = pictures(2)
    views = np.stack([pictures(3), pictures(3)])
    figure = augmented_sheet(originals, views, names=["round", "$long$"])
    drawn = figure.axes[0].images
    assert len(drawn) == 2 * (1 + 3)
    lefts = [picture.get_extent()[0] for picture in drawn[:4]]
    assert lefts == sorted(lefts)
    np.testing.assert_array_equal(drawn[0].get_array(), originals[0])
    assert texts(figure)[:2] == ["original", "augmented views"]


TABLE = pd.DataFrame(
    {
        "sample_id": ["a", "field 7/a cell with a long name.png"],
        "label": ["round", "long"],
        "top_class": ["round", "round"],
        "confidence": [0.6, 0.9],
    }
)


def test_what_was_said_of_each_cell_stands_below_it() -> None:
    images = pictures(2)
    figure = cell_sheet(images, TABLE)
    for drawn, image in zip(figure.axes[0].images, images, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), image)
    assert texts(figure) == [
        *("true: round", "predicted: round", "confidence 60.0\xa0%", "a"),
        *("true: long", "predicted: round", "confidence 90.0\xa0%", "…ell with a long name.png"),
    ]
    right, wrong = (figure.axes[0].texts[place].get_color() for place in (1, 5))
    assert right != wrong


def test_overlays_stand_beside_their_cell_and_are_named_once() -> None:
    images, gradients, covered = pictures(2), pictures(3)[1:], pictures(4)[2:]
    figure = cell_sheet(images, TABLE, overlays={"Grad-CAM": gradients, "occlusion": covered})
    drawn = figure.axes[0].images
    for place, array in enumerate((images, gradients, covered)):
        np.testing.assert_array_equal(drawn[place].get_array(), array[0])
        np.testing.assert_array_equal(drawn[3 + place].get_array(), array[1])
    lefts = [picture.get_extent()[0] for picture in drawn]
    assert lefts == sorted(lefts)
    assert [words for words in texts(figure) if ":" not in words][:3] == [
        "cell",
        "Grad-CAM",
        "occlusion",
    ]
    many = np.repeat(images, 5, axis=0)
    table = pd.concat([TABLE] * 5)
    names = texts(cell_sheet(many, table, overlays={"occlusion": many}))
    assert names.count("occlusion") == 4  # above the first line, which holds four cells


def test_large_images_are_shrunk_and_stay_upright_and_in_proportion() -> None:
    tall = np.zeros((1, 1000, 500, 3), dtype=np.uint8)
    tall[:, :500] = 255
    figure = sample_sheet(tall, [0], ["cell"])
    (drawn,) = figure.axes[0].images
    height, width = drawn.get_array().shape[:2]
    assert (height, width) < (250, 250)
    left, right, bottom, top = drawn.get_extent()
    assert bottom - top == pytest.approx(2 * (right - left))
    uri = re.search(r"data:image/jpeg;base64,([^\"]+)", as_svg(figure).decode())
    assert uri
    embedded = np.asarray(Image.open(BytesIO(base64.b64decode(uri[1]))))
    assert embedded[0].mean() > 250
    assert embedded[-1].mean() < 5
