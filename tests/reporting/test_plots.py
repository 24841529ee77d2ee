from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cellclf.reporting.figures import as_svg
from cellclf.reporting.plots import class_balance, confusion_matrix, learning_curves

STRANGE = (
    "$x_1$",
    "$broken",
    "100 % <b>&",
    "unié_🩸",
    "خلية دم",
    "a\ttab\x00",
    "lone \udcff surrogate",
    "promyelocyte " * 20,
    "\\frac",
    "",
    "_",
    "plain",
)


def history(epochs: int) -> pd.DataFrame:
    falling = np.linspace(1.0, 0.2, epochs)
    return pd.DataFrame(
        {
            "epoch": np.arange(1, epochs + 1),
            "loss": falling,
            "accuracy": 1 - falling,
            "validation_loss": falling + 0.1,
            "validation_accuracy": 0.9 - falling,
            "learning_rate": 1e-3 * falling,
        }
    )


def written(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("classes", [2, 12, 20])
def test_a_confusion_matrix_holds_the_counts_as_given(classes: int) -> None:
    counts = np.arange(classes**2).reshape(classes, classes)
    figure = confusion_matrix(counts, [f"class {n}" for n in range(classes)], normalise=False)
    # The right ones are written first, then the others row by row.
    diagonal = np.eye(classes, dtype=bool)
    assert written(figure) == [str(n) for n in (*counts[diagonal], *counts[~diagonal])]


def test_a_confusion_matrix_has_true_classes_as_rows_with_their_sizes() -> None:
    figure = confusion_matrix([[3, 1], [0, 5]], ["round", "long"], normalise=False)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["round (4)", "long (5)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["round", "long"]
    one = next(text for text in axes.texts if text.get_text() == "1")
    assert one.get_position() == (1.5, 0.5)


def test_shares_are_of_the_true_class() -> None:
    figure = confusion_matrix([[3, 1], [0, 5]], ["round", "long"], normalise=True)
    assert written(figure) == ["75", "100", "25", "0"]


def test_nearly_all_is_not_written_as_all_nor_nearly_none_as_none() -> None:
    figure = confusion_matrix([[999, 1], [0, 5]], ["round", "long"], normalise=True)
    assert written(figure) == [">99", "100", "<1", "0"]


def test_a_class_without_test_cells_has_no_share() -> None:
    figure = confusion_matrix([[0, 0], [0, 5]], ["round", "long"], normalise=True)
    assert written(figure) == ["–", "100", "–", "0"]


def test_a_matrix_that_does_not_fit_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Received: counts.shape=\(2, 2\), 3 classes"):
        confusion_matrix([[1, 2], [3, 4]], ["a", "b", "c"], normalise=False)


@pytest.mark.parametrize("epochs", [1, 5])
def test_learning_curves_mark_the_epoch_that_was_kept(epochs: int) -> None:
    figure = learning_curves(history(epochs), best_epoch=epochs)
    assert f"weights kept: epoch {epochs}".encode() in as_svg(figure)


@pytest.mark.parametrize("classes", [2, 12])
def test_class_balance_draws_every_count(classes: int) -> None:
    names = [f"class {n}" for n in range(classes)]
    before = pd.DataFrame({"train": np.arange(1, classes + 1), "test": 2}, index=names)
    figure = class_balance(before, dict.fromkeys(names, classes))
    parts, train = figure.axes
    assert [bar.get_width() for bar in parts.patches] == [*range(1, classes + 1), *[2] * classes]
    assert [bar.get_width() for bar in train.patches] == [
        *range(1, classes + 1),
        *[classes] * classes,
    ]


def test_strange_class_names_are_names_and_not_formulas() -> None:
    counts = np.eye(len(STRANGE), dtype=int)
    drawing = as_svg(confusion_matrix(counts, STRANGE, normalise=False)).decode()
    assert "$x_1$ (1)" in drawing
    assert "100 % &lt;b&gt;&amp; (1)" in drawing
    assert "خلية دم" in drawing
    # A pandas index of texts holds no lone surrogates.
    names = [name for name in STRANGE if name.isprintable() or "\t" in name]
    before = pd.DataFrame({"train": 1}, index=names)
    assert b"$broken" in as_svg(class_balance(before, dict.fromkeys(names, 1)))


def test_no_figure_is_left_open_and_no_setting_is_changed() -> None:
    # Seaborn imports pyplot; what matters is that nothing is registered there.
    from matplotlib import pyplot

    settings = dict(matplotlib.rcParams)
    as_svg(learning_curves(history(3), best_epoch=2))
    confusion_matrix([[3, 1], [0, 5]], ["round", "long"], normalise=True)
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == settings


def test_a_callers_own_style_does_not_reach_the_figures() -> None:
    plain = as_svg(learning_curves(history(3), best_epoch=2))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True}):
        assert as_svg(learning_curves(history(3), best_epoch=2)) == plain
