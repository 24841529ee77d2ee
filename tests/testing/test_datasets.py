from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cellclf.specs import DatasetSpec, Params
from cellclf.testing import check_plugin, checks_for
from tests.images import write_folder
from tests.testing.shapes import SHAPES, LooseParams, ShapeParams

ALL = [check.name for check in checks_for(SHAPES)]
IN_THIS_PROCESS = [name for name in ALL if name != "loading_imports_nothing_heavy"]


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Two of the three classes, two files each."""
    write_folder(tmp_path / "shapes", {"round": 2, "long": 2})
    return tmp_path / "shapes"


def test_a_dataset_that_keeps_the_contract_passes(shapes: Path) -> None:
    check_plugin(SHAPES, root=shapes, zipped=True)


def test_a_given_division_passes(shapes: Path) -> None:
    (shapes / "train").mkdir()
    (shapes / "round").rename(shapes / "train" / "round")
    check_plugin(SHAPES, root=shapes)


def test_what_a_name_was_taken_for_is_told(shapes: Path) -> None:
    told = {one.check: one.message for one in check_plugin(SHAPES, root=shapes)}
    assert told["samples_load"] == (
        "4 samples of 2 classes: round is round/000.png; long is long/000.png"
    )
    assert told["groups_are_named"] == "patient: 2 different"


def test_nothing_is_left_beside_the_files(shapes: Path) -> None:
    before = sorted(shapes.parent.rglob("*"))
    check_plugin(SHAPES, root=shapes, zipped=True)
    assert sorted(shapes.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no samples come back", r"must return cellclf.Samples. Received: list"),
        ("a single class", r"at least 2 classes. Received: \('long',\)"),
        ("a class without samples", r"every class .* Received: no sample of star"),
        ("a sample without a label", r"every sample .* a label. Received: none for long/000.png"),
        ("classes in another order", r"in that order: round, long, star. Received: long, round"),
        ("a backslash in an id", r"every id .* Received: 'round\\\\1.png'"),
        ("an absolute id", r"every id .* Received: '/round/1.png'"),
        ("an id with a drive", r"every id .* Received: 'C:/round/1.png'"),
        ("an id that leaves the folder", r"every id .* Received: '../round/1.png'"),
        ("an empty id", r"every id .* Received: ''"),
        ("decomposed letters in an id", r"every id .* composed letters .* Received: 'zo"),
        ("ids say where the files lie", r"every id .* must be a relative path"),
        ("a kind of group that is no word", r"must be identifiers.*Received: 'patient no.'"),
        ("a group without a name", r"every group .* Received: patient='' of 'long/000.png'"),
        ("a group that is a number", r"every group .* must be text.*Received: patient=7 of"),
        ("a group with blanks around it", r"every group .* Received: patient=' 7' of"),
        ("a division with one part", r"more than one part.*Received: every sample in train"),
        ("two samples of one file", r"Received: the same for 'long/000.png' and 'long/001.png'"),
        ("a relative path", r"must be absolute .* Received: 'round/1.png'"),
        ("a path elsewhere", r"must lie below `root`.*Received: '.*shapes.py'"),
        ("grey images", r"must be uint8, \(n, height, width, 3\). Received: .*\(1, 4, 4\)"),
        ("a box beside the image", r"readable image. Received: long/000.png: the box must lie"),
        ("another order each time", r"the same samples in the same order when it is loaded twice"),
        ("the order of the folder", r"in the same order when folders list their files in another"),
        ("a patient on both sides", r"keep every group in one part.*patient '7' in train and test"),
        ("no blanks in a path", r"must read .*Blut von Zo"),
        ("a backend is imported", r"`load` of dataset 'shapes' must not import.*Received: torch"),
        ("a note that names the place", r"a note must not say where the files lie"),
        ("a trace is left", r"must leave the files as they are"),
        ("another error where there is nothing", r"refuse a folder that does not exist with a "),
        ("a refusal without the place", r"must name the place when it refuses a folder that does"),
        ("a refusal without a hint", r"say how to get the images when it refuses an empty folder"),
        ("zip files are not known", r"must read .*\.zip. Received: DataError"),
        ("another id in a zip file", r"in the same order for a zip file of the folder"),
    ],
)
def test_one_fault_is_enough_to_be_found(shapes: Path, fault: str, message: str) -> None:
    for number in range(2, 8):  # enough for another order to be one
        (shapes / "long" / f"00{number}.png").write_bytes((shapes / "long/000.png").read_bytes())
    with pytest.raises(AssertionError, match=message):
        check_plugin(
            SHAPES,
            params=ShapeParams(fault=fault),
            root=shapes,
            zipped=True,
            only=ALL if fault == "a backend is imported" else IN_THIS_PROCESS,
        )


def test_a_file_that_is_no_image_is_found(shapes: Path) -> None:
    (shapes / "round" / "001.png").write_bytes(b"")
    with pytest.raises(AssertionError, match=r"must be a readable image. Received: round/001.png"):
        check_plugin(SHAPES, root=shapes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licence": ""}, "must say licence, citation, homepage, obtain .* no licence"),
        ({"citation": " "}, "no citation"),
        ({"homepage": ""}, "no homepage"),
        ({"homepage": "http://example.org"}, "must start with 'https://'"),
        ({"obtain": ""}, "no obtain"),
        ({"params": LooseParams}, "must refuse unknown names"),
    ],
    ids=str,
)
def test_a_fault_of_the_description_is_found(
    shapes: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_plugin(replace(SHAPES, **changes), root=shapes)  # type: ignore[arg-type]


def test_parameters_made_inside_a_function_are_found(shapes: Path) -> None:
    class Inner(Params):
        fault: str = ""

    with pytest.raises(AssertionError, match="must be a class of a module"):
        check_plugin(replace(SHAPES, params=Inner), root=shapes)


def test_a_reference_that_leads_nowhere_is_found(shapes: Path) -> None:
    with pytest.raises(AssertionError, match=r"references_resolve: .*cannot be imported"):
        check_plugin(replace(SHAPES, fetch="tests.testing.shapes:fetch_it"), root=shapes)


def test_a_set_of_files_is_not_checked_without_files() -> None:
    with pytest.raises(AssertionError, match="give a `root`"):
        check_plugin(SHAPES)


def test_a_set_without_files_is_checked_too() -> None:
    spec = DatasetSpec(
        name="dots",
        summary="Dots",
        load="tests.testing.shapes:load_dots",
        licence="CC0",
        citation="Nobody (2024). Dots.",
        needs_path=False,
    )
    check_plugin(spec)
