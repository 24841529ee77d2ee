from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from cellclf.errors import RunError
from cellclf.reporting.figures import as_svg, data_uri, save_figure, stamp


def square() -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.subplots().set_title("a $title")
    return figure


def test_a_figure_is_saved_whole_at_150_pixels_an_inch(tmp_path: Path) -> None:
    save_figure(square(), tmp_path / "figures" / "square.png")
    with Image.open(tmp_path / "figures" / "square.png") as picture:
        assert picture.size == (300, 300)
    assert [file.name for file in (tmp_path / "figures").iterdir()] == ["square.png"]


def test_a_place_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"):
        save_figure(square(), tmp_path / "file" / "square.png")


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert as_svg(square()) == as_svg(square())


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(ValueError, match="must be PNG, JPEG or SVG"):
        data_uri(b"<html>")


def test_pictures_keep_their_kind() -> None:
    assert data_uri(b"\x89PNG\r\n\x1a\n...").startswith("data:image/png;base64,")
    assert data_uri(b"\xff\xd8\xff...").startswith("data:image/jpeg;base64,")
    assert data_uri(square()).startswith("data:image/svg+xml;base64,")


def test_a_stamped_figure_says_so_above_what_it_shows() -> None:
    figure = Figure(figsize=(2, 2))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    stamp(figure, "Leaky split")
    assert "Leaky split" in as_svg(figure).decode()
    assert figure.get_size_inches().tolist() == [2, 2.4]
    assert axes.get_position().y1 == pytest.approx(2 / 2.4)


def test_a_stamp_on_a_figure_that_makes_room_of_itself_leaves_its_size() -> None:
    figure = Figure(figsize=(2, 2), layout="constrained")
    figure.subplots()
    stamp(figure, "Leaky split")
    assert "Leaky split" in as_svg(figure).decode()
    assert figure.get_size_inches().tolist() == [2, 2]
