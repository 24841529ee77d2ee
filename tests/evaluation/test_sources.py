from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.errors import DataError, LeakageError
from cellclf.evaluation.sources import (
    fingerprint,
    refuse_seen,
    refuse_trained,
    seen,
    trained_sources,
)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sources(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"sample_id": [f"s{n}" for n in range(count)], **columns})


def test_samples_are_tied_by_content_by_group_or_by_unit() -> None:
    judged = sources(
        unit=[1, 2, 3, 4],
        group=["patient=7; slide=1", "", "patient=8", ""],
        content=["aa", "bb", "cc", "dd"],
    )
    trained = sources(unit=[9, 4], group=["slide=1", ""], content=["bb", "ee"])
    assert trained_sources(judged, trained) == {
        "s0": "slide=1 was trained on",
        "s1": "the same image was trained on",
        "s3": "other images of its unit, number 4, were trained on",
    }


def test_what_is_empty_or_missing_ties_nothing() -> None:
    nothing = [None, np.nan, ""]
    assert trained_sources(sources(group=nothing), sources(group=nothing)) == {}
    assert trained_sources(sources(unit=[pd.NA]), sources(unit=[pd.NA])) == {}


def test_only_columns_that_both_tables_have_are_compared() -> None:
    judged = sources(group=["patient=1"], content=["aa"])
    assert trained_sources(judged, sources(content=["bb"], unit=[3])) == {}
    with pytest.raises(DataError, match="must share a column"):
        trained_sources(judged, sources(unit=[3]))
    with pytest.raises(DataError, match="'sample_id'"):
        trained_sources(judged, pd.DataFrame({"content": ["aa"]}))


def test_a_table_that_went_through_a_file_is_still_recognised(tmp_path: Path) -> None:
    judged = sources(unit=[7, None], content=["", "aa"])
    judged.to_csv(tmp_path / "sources.csv", index=False)
    read = pd.read_csv(tmp_path / "sources.csv")
    assert trained_sources(read, sources(unit=[7])) == {
        "s0": "other images of its unit, number 7, were trained on"
    }


def test_an_image_whose_source_was_trained_on_may_not_judge() -> None:
    judged, trained = (
        sources(group=[f"patient={n}" for n in range(9)]),
        sources(group=[f"patient={n}" for n in range(2, 9)]),
    )
    with pytest.raises(LeakageError) as refused:
        refuse_trained(judged, trained)
    said = str(refused.value)
    assert said.startswith("7 of 9 images that are to judge")
    assert "s2 (patient=2 was trained on)" in said
    assert "s7" not in said
    assert list(refuse_trained(judged, trained, allow_leakage=True)) == [
        f"s{n}" for n in range(2, 9)
    ]
    assert refuse_trained(judged[:2], trained) == {}


@given(
    trained=st.lists(st.integers(0, 60), max_size=40),
    judged=st.lists(st.integers(0, 60), max_size=40),
)
def test_a_fingerprint_knows_the_images_that_were_trained_on_and_no_others(
    trained: list[int], judged: list[int]
) -> None:
    kept = fingerprint(hash_of(f"{n}") for n in trained)
    assert kept.dtype == np.uint64
    assert len(kept) == len(set(trained))
    known = seen([hash_of(f"{n}") for n in judged], kept)
    assert known.tolist() == [n in trained for n in judged]


def test_a_model_is_not_judged_on_images_that_its_fingerprint_knows() -> None:
    kept = fingerprint([hash_of("a"), hash_of("b")])
    refuse_seen(["c"], [hash_of("c")], kept, model="first.safetensors")
    with pytest.raises(ValueError, match="longer"):
        refuse_seen(["a"], [hash_of("a"), hash_of("b")], kept, model="first.safetensors")
    wanted = r"first\.safetensors was trained on 1 of the 2 images .*: b\. Judge on others"
    with pytest.raises(LeakageError, match=wanted):
        refuse_seen(["c", "b"], [hash_of("c"), hash_of("b")], kept, model="first.safetensors")


def test_the_most_telling_tie_is_named_and_the_first_of_several() -> None:
    judged = sources(
        unit=[1, 2, 3], group=["patient=1; slide=2", "slide=9", ""], content=["aa", "bb", "cc"]
    )
    trained = sources(
        unit=[3, 2, 1], group=["slide=2; patient=1", "slide=9", "x=y"], content=["aa", "zz", ""]
    )
    assert list(trained_sources(judged, trained).items()) == [
        ("s0", "the same image was trained on"),
        ("s1", "slide=9 was trained on"),
        ("s2", "other images of its unit, number 3, were trained on"),
    ]
    assert trained_sources(judged[["sample_id", "group"]], trained)["s0"] == (
        "patient=1 was trained on"
    )


@pytest.mark.parametrize(
    ("one", "other", "tied"),
    [(7, 7.0, True), (7.5, 7.5, True), (7, "7", True), (7.5, 7, False), ("x", "x", True)],
)
def test_a_unit_is_known_by_number_or_name(one: object, other: object, tied: bool) -> None:
    found = trained_sources(sources(unit=[one]), sources(unit=[other, None]))
    assert bool(found) == tied


def test_tables_that_cannot_be_compared_say_what_they_hold() -> None:
    wanted = r"Received: sample_id, group and sample_id, unit, place$"
    with pytest.raises(DataError, match=wanted):
        trained_sources(sources(group=["a"]), sources(unit=[1], place=["x"]))
    with pytest.raises(DataError, match="'sample_id'"):
        trained_sources(pd.DataFrame({"content": ["aa"]}), sources(content=["aa"]))


@pytest.mark.parametrize(("number", "said"), [(5, "s3, s4"), (6, "s3, s4, ...")])
def test_of_many_images_that_were_trained_on_five_are_named(number: int, said: str) -> None:
    names = [f"s{place}" for place in range(number)]
    content = [hash_of(name) for name in names]
    with pytest.raises(LeakageError) as refused:
        refuse_seen(names, content, fingerprint(content), model="m", advice="Take others")
    assert str(refused.value) == (
        f"m was trained on {number} of the {number} images that are to judge: s0, s1, s2, {said}. "
        "Take others"
    )
    groups = [f"patient={place}" for place in range(number)]
    with pytest.raises(LeakageError) as refused:
        refuse_trained(sources(group=groups), sources(group=groups))
    listed = ", ".join(f"s{place} (patient={place} was trained on)" for place in range(5))
    assert f"{listed}{', ...' if number > 5 else ''}. Leave them out" in str(refused.value)


def test_a_fingerprint_is_the_beginning_of_each_hash_sorted_and_once() -> None:
    hashes = ["f" * 64, "0" * 15 + "a" + "9" * 48, "f" * 16 + "0" * 48]
    assert fingerprint(hashes).tolist() == [10, 2**64 - 1]
    assert seen(hashes, fingerprint(hashes[1:2])).tolist() == [False, True, False]
    assert seen(hashes, fingerprint([])).tolist() == [False] * 3
    assert seen([], fingerprint(hashes)).dtype == np.bool_
