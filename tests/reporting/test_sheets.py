from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cellclf.reporting.figures import as_svg
from cellclf.reporting.sheets import augmented_sheet, confident_mistakes, sample_sheet


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


def test_mistakes_are_drawn_with_the_most_confident_first() -> None:
    images = pictures(4)
    table = pd.DataFrame(
        {
            "sample_id": ["a", "b", "field 7/a cell with a long name.png", "d"],
            "label": ["round", "round", "long", "long"],
            "top_class": ["long", "round", "round", "round"],
            "confidence": [0.6, 0.99, 0.9, 0.7],
        }
    )
    figure = confident_mistakes(images, table, limit=2)
    drawn = figure.axes[0].images
    np.testing.assert_array_equal(drawn[0].get_array(), images[2])
    np.testing.assert_array_equal(drawn[1].get_array(), images[3])
    assert texts(figure)[:3] == ["true: long", "predicted: round", "confidence 90.0\u202f%"]
    assert texts(figure)[3] == "…ell with a long name.png"
    assert len(drawn) == 2


def test_a_table_without_mistakes_says_so() -> None:
    table = pd.DataFrame({"label": ["a"], "top_class": ["a"], "confidence": [0.9]})
    assert texts(confident_mistakes(pictures(1), table)) == ["No cell was classified wrongly."]


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
