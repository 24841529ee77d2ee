from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cellclf.errors import RunError
from cellclf.reporting.card import NOT_STATED, model_card, write_card
from cellclf.reporting.report import DatasetFacts
from cellclf.settings import CardSettings
from tests.reporting.pages import ATTACK, LEAKS, model, page, report


def written(tmp_path: Path, **changes: object) -> str:
    write_card(tmp_path / "card.md", report(**changes))
    return (tmp_path / "card.md").read_text(encoding="utf-8")


def statements(**changes: object) -> dict[str, tuple[str, ...]]:
    chapters = model_card(report(**changes))
    return {one.name: one.said for chapter in chapters for one in chapter.statements}


def test_the_chapters_are_those_of_the_published_cards() -> None:
    assert [chapter.title for chapter in model_card(report())] == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]


def test_what_nobody_says_is_marked_and_never_guessed(tmp_path: Path) -> None:
    card = written(tmp_path)
    for name in ("Intended use", "Users", "Patients", "Stain", "Ethics", "Contact"):
        assert f"- {name}: **{NOT_STATED}**" in card
    assert page(tmp_path).text.count(NOT_STATED) > 10


def test_every_text_of_the_experiment_stands_in_the_card(tmp_path: Path) -> None:
    stated = {name: f"about {name.replace('_', ' ')}" for name in CardSettings.model_fields}
    card = written(tmp_path, stated=stated)
    assert all(text in card for text in stated.values())
    factors = card.partition("## Factors")[2].partition("## Metrics")[0]
    assert NOT_STATED not in factors
    assert "about intended use" in page(tmp_path, stated=stated).text


def test_figures_stand_with_their_intervals() -> None:
    intervals = {("accuracy", ""): (0.94, 0.996), ("recall", "round"): (0.889, 0.999)}
    said = statements(models=(replace(model(), intervals=intervals),))
    assert (
        "Accuracy: 97.9\u00a0% (94.0 to 99.6\u00a0%)" in said["Over all classes, on the test part"]
    )
    assert said["Sensitivity of each class, on the test part"] == (
        "round: 97.9\u00a0% (88.9 to 99.9\u00a0%)",
        "long: \u2013",
    )


def test_a_card_says_first_what_spoils_its_figures(tmp_path: Path) -> None:
    card = written(tmp_path, leaks=LEAKS, synthetic=True)
    head = card.partition("## Model details")[0]
    assert "Leaky split" in head
    assert "Synthetic images" in head
    assert "Leaky split: the parts were taken as given" in card
    assert "eaky" not in written(tmp_path)


def test_a_card_says_whether_images_of_one_patient_could_be_told(tmp_path: Path) -> None:
    said = "Nothing says which images are of one patient or slide."
    assert said in written(tmp_path, groups_known=False)
    assert said not in written(tmp_path, groups_known=True)
    assert said not in written(tmp_path, groups_known=False, synthetic=True)


def test_names_cannot_change_what_the_card_says(tmp_path: Path) -> None:
    hostile = f"{ATTACK} [a](http://b) *c* _d_ | `e`\n# F"
    card = written(
        tmp_path, title=hostile, stated={"site": hostile}, dataset=DatasetFacts(name=hostile)
    )
    assert "<script>" not in card
    assert "\n# F" not in card
    assert "\\[a\\](http://b) \\*c\\* \\_d\\_ \\| \\`e\\` # F" in card
    assert "custom_cnn" in written(tmp_path, stated={"site": "custom_cnn"})


def test_a_place_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"):
        write_card(tmp_path / "file" / "card.md", report())
