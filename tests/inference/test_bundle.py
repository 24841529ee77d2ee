"""Bundles: what is written is what is read, or it is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save, save_file

from cellclf.errors import BundleError, RunError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import MEASURES, UsualLook
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.inference.bundle import (
    SCHEMA_VERSION,
    BundleManifest,
    read_bundle,
    require_room,
    write_bundle,
)
from tests.inference.mutations import NUMPY, Parts, framed

Arrays = Mapping[str, NDArray[Any]]

MANIFEST = BundleManifest(
    architecture="tiny",
    distribution="cellclf-tiny",
    distribution_version="1.2",
    params={"width": 4, "name": "Ä"},
    classes=("round", "band, segmented", "白血球"),
    image_size=16,
    resize="stretch",
    decode_version=1,
    environment={"python": "3.11"},
)
WEIGHTS: dict[str, NDArray[Any]] = {
    "conv/kernel": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    "conv/bias": np.linspace(-1, 1, 3, dtype=np.float16),
    "count": np.array(7, dtype=np.int64),
    "nothing": np.zeros((0, 3), dtype=np.float32),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "tiny.safetensors", MANIFEST, WEIGHTS)
    return tmp_path / "tiny.safetensors"


def same(found: Arrays, wanted: Arrays = WEIGHTS) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name].dtype == array.dtype
        and found[name].shape == array.shape
        and np.array_equal(found[name], array)
        for name, array in wanted.items()
    )


def with_entry(path: Path, change: Callable[[Any], object]) -> None:
    """Rewrite a bundle by the rules of safetensors, its manifest entry changed."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    entry = json.loads(header["__metadata__"]["cellclf"])
    header["__metadata__"]["cellclf"] = json.dumps(change(entry))
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


def sealed(path: Path, change: Callable[[Parts], Parts]) -> None:
    """Rewrite a bundle, changed, with a digest that fits, as somebody would who means harm."""
    parts = change(Parts.of(path.read_bytes()))
    path.write_bytes(parts.file(digest=parts.sealed()))


def with_header(path: Path, change: Callable[[str], str]) -> None:
    """Rewrite a bundle, the text of its header changed."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    path.write_bytes(framed(change(content[8:start].decode()), content[start:]))


def with_manifest(path: Path, **changes: object) -> None:
    with_entry(path, lambda entry: {**entry, "manifest": {**entry["manifest"], **changes}})


def test_what_was_written_is_read(path: Path) -> None:
    bundle = read_bundle(path)
    assert bundle.manifest == MANIFEST
    assert same(bundle.weights)


def decision() -> Decision:
    return Decision(
        calibration=Calibration(temperature=1.5, biases=np.array([0.5, 0.0, -0.5]), samples=90),
        review=Review(target=0.98, threshold=0.75, accepted=0.5, bound=0.984),
        sets=ConformalSets(
            coverage=0.95, thresholds=np.array([0.25, 0.0, 0.5]), samples=np.array([40, 10, 40])
        ),
    )


def test_what_turns_probabilities_into_answers_comes_back(tmp_path: Path, path: Path) -> None:
    decided = tmp_path / "decided.safetensors"
    write_bundle(decided, MANIFEST, WEIGHTS, decision=decision())
    bundle = read_bundle(decided)
    assert bundle.decision is not None
    assert bundle.decision.thresholds() == decision().thresholds()
    for name, array in decision().arrays().items():
        assert np.array_equal(bundle.decision.arrays()[name], array)
    assert same(bundle.weights)
    plain = read_bundle(path)
    assert plain.decision is None
    assert plain.manifest.thresholds == {}


def outliers() -> OutlierScores:
    rng = np.random.default_rng(0)
    found = OutlierScores.fitted(rng.normal(size=(200, 6)), np.arange(200) % 3)
    assert found is not None
    return found


def test_what_tells_outliers_comes_back(tmp_path: Path, path: Path) -> None:
    scoring = tmp_path / "scoring.safetensors"
    write_bundle(scoring, MANIFEST, WEIGHTS, outliers=outliers())
    found = read_bundle(scoring).outliers
    assert found is not None
    for name, array in outliers().arrays().items():
        assert np.array_equal(found.arrays()[name], array)
    assert read_bundle(path).outliers is None


def test_outlier_scores_that_are_no_such_thing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scoring.safetensors"
    flat = dataclasses.replace(outliers(), variances=np.zeros(5))
    write_bundle(path, MANIFEST, WEIGHTS, outliers=flat)
    with pytest.raises(BundleError, match="is damaged: 'variances' must be more than 0"):
        read_bundle(path)


def test_a_decision_that_does_not_fit_the_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decided.safetensors"
    two = MANIFEST.model_copy(update={"classes": ("round", "long")})
    write_bundle(path, two, WEIGHTS, decision=decision())
    with pytest.raises(BundleError, match=r"is damaged: '.*' must have shape \(2,\)"):
        read_bundle(path)


def test_the_same_content_gives_the_same_file(tmp_path: Path, path: Path) -> None:
    turned = dict(reversed(WEIGHTS.items()))
    digest = write_bundle(tmp_path / "again.safetensors", MANIFEST, turned)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert digest == read_bundle(path).sha256


def test_arrays_that_are_no_block_of_memory_are_written_as_they_look(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    write_bundle(tmp_path / "b.safetensors", MANIFEST, {"w": array})
    assert same(read_bundle(tmp_path / "b.safetensors").weights, {"w": array})


def test_a_bundle_cut_short_is_refused_wherever_it_was_cut(path: Path) -> None:
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(BundleError):
            read_bundle(path)
    path.write_bytes(content[:-1])
    with pytest.raises(BundleError, match="cut short"):
        read_bundle(path)
    path.write_bytes(content[:100])
    with pytest.raises(BundleError, match="cut short"):
        read_bundle(path)


def test_a_flipped_bit_is_refused_or_changes_nothing(path: Path) -> None:
    content = path.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            bundle = read_bundle(path)
        except BundleError:
            continue
        assert same(bundle.weights), place
        assert bundle.manifest == MANIFEST, place


@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 6)),
        min_size=1,
        max_size=4,
    )
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_bundle_with_bytes_put_in_and_taken_out_is_refused_or_the_same(
    tmp_path: Path, edits: list[tuple[float, bytes, int]]
) -> None:
    path = tmp_path / "b.safetensors"
    write_bundle(path, MANIFEST, WEIGHTS)
    content = path.read_bytes()
    for share, put, taken in edits:
        place = int(share * len(content))
        content = content[:place] + put + content[place + taken :]
    path.write_bytes(content)
    try:
        bundle = read_bundle(path)
    except BundleError:
        return
    assert same(bundle.weights)
    assert bundle.manifest == MANIFEST


def test_a_bundle_of_a_newer_version_says_to_upgrade(path: Path) -> None:
    newer = SCHEMA_VERSION + 1
    with_manifest(path, schema_version=newer, something_new=True)
    said = rf"newer cellclf \(schema {newer}\).*up to {SCHEMA_VERSION}: upgrade cellclf"
    with pytest.raises(BundleError, match=said):
        read_bundle(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["round"]}, "classes"),
        ({"classes": ["round", "round"]}, "must differ"),
        ({"image_size": 10**9}, "image_size"),
        ({"image_size": "large"}, "image_size"),
        ({"schema_version": "one"}, "schema_version"),
        ({"surprise": 1}, "surprise"),
        ({"params": {"width": float("nan")}}, "NaN is no JSON"),
        ({"architecture": "\ud800"}, "cannot read"),
        ({"architecture": "os.system"}, "architecture"),
        ({"distribution": "evil --index-url http://x"}, "distribution"),
        ({"distribution_version": "1" * 100_000}, "distribution_version"),
        ({"environment": {"cellclf": "\x1b[2J"}}, "environment.cellclf"),
        ({"image_size": 16.0}, "image_size"),
        ({"image_size": True}, "image_size"),
        ({"synthetic": "yes"}, "synthetic"),
        ({"thresholds": {"temperature": 10**400}}, "thresholds.temperature"),
        ({"confusion": [[1, 2], [3, 4]]}, "3 rows of 4 counts"),
        ({"confusion": [[-1] * 4] * 3}, "confusion"),
        ({"x" * 10_000: 1}, r"\(x{40}: Extra"),
        ({f"a\n{number}": 1 for number in range(99)}, r"'a\\n0'"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused_with_the_place(
    path: Path, changes: dict[str, Any], said: str
) -> None:
    with_manifest(path, **changes)
    with pytest.raises(BundleError, match=said):
        read_bundle(path)


def test_a_manifest_changed_by_hand_is_noticed(path: Path) -> None:
    with_manifest(path, classes=["round", "long", "square"])
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(path)


@pytest.mark.parametrize(
    "entry",
    [[], {}, {"digest": 1, "manifest": {}}, {"digest": "", "manifest": []}, "text"],
    ids=str,
)
def test_metadata_of_another_shape_is_refused(path: Path, entry: object) -> None:
    with_entry(path, lambda _: entry)
    with pytest.raises(BundleError, match="manifest"):
        read_bundle(path)


def test_endless_nesting_is_refused(path: Path) -> None:
    depth = 100_000
    text = b'{"a":' * depth + b"1" + b"}" * depth
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(BundleError):
        read_bundle(path)


def test_other_files_are_no_bundles(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    save_file({"w": np.zeros(3, np.float32)}, path)
    with pytest.raises(BundleError, match="without a cellclf manifest"):
        read_bundle(path)
    for content in (b"", b"{}", b"\x89PNG\r\n\x1a\n" + bytes(99), bytes(99), b"PK\x03\x04" * 30):
        path.write_bytes(content)
        with pytest.raises(BundleError, match="no cellclf bundle"):
            read_bundle(path)
    with pytest.raises(BundleError, match="no such bundle"):
        read_bundle(tmp_path / "none.safetensors")
    with pytest.raises(BundleError, match="a folder"):
        read_bundle(tmp_path)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
            return (tmp_path.joinpath("ran").touch, ())

    (tmp_path / "b.safetensors").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(BundleError):
        read_bundle(tmp_path / "b.safetensors")
    assert not (tmp_path / "ran").exists()


def test_a_header_that_promises_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    with path.open("wb") as file:
        file.write((1 << 40).to_bytes(8, "little") + b"{")
        file.truncate(1 << 34)  # sparse: nothing of this lies on the disk
    with pytest.raises(BundleError, match="no cellclf bundle"):
        read_bundle(path)


def test_a_file_that_is_larger_than_a_bundle_can_be_is_refused_before_it_is_read(
    tmp_path: Path, path: Path
) -> None:
    parts = Parts.of(path.read_bytes())
    header = parts.header(parts.digest)
    begin, size = len(parts.body()), 1 << 33
    header["weights/hole"] = {"dtype": "U8", "shape": [size], "data_offsets": [begin, begin + size]}
    start = framed(json.dumps(header), parts.body())
    path.write_bytes(start)
    os.truncate(path, len(start) + size)  # sparse: nothing of this lies on the disk
    with pytest.raises(
        BundleError, match=r"tiny.safetensors has 8,5.* bytes: a bundle has at most"
    ):
        read_bundle(path)


@pytest.mark.parametrize(
    "shape",
    [[10**30, 0], [1] * 1000, [2**20] * 3, [10**4000] * 900, [True], [1.0], ["1"], None, {}],
    ids=lambda shape: repr(shape)[:20],
)
def test_a_shape_that_no_array_has_is_refused(path: Path, shape: object) -> None:
    parts = Parts.of(path.read_bytes())
    header = parts.header(parts.digest)
    header["weights/count"]["shape"] = shape
    path.write_bytes(framed(json.dumps(header), parts.body()))
    with pytest.raises(BundleError, match="is damaged"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"dtype":', '"dtype": "F16", "dtype":'),
        ('"weights/count":', '"weights/count": {}, "weights/count":'),
        (r"\"image_size\":", r"\"image_size\": 8, \"image_size\":"),
        (r"{\"digest\":", r"{\"manifest\": {}, \"digest\":"),
        ('"dtype":', '"comment": 1, "dtype":'),
    ],
    ids=["in a tensor", "a tensor", "in the manifest", "a manifest", "no such entry"],
)
def test_what_readers_of_json_could_take_for_different_things_is_refused(
    path: Path, old: str, new: str
) -> None:
    with_header(path, lambda header: header.replace(old, new, 1))
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(path)


def test_a_header_in_another_encoding_is_refused(path: Path) -> None:
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    text = content[8:start].decode().encode("utf-16-le")
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[start:])
    with pytest.raises(BundleError, match="its header cannot be read"):
        read_bundle(path)


@pytest.mark.parametrize("name", ["x" * 300, "a\nb", "\x1b[31m", "\ud800"], ids=ascii)
def test_a_tensor_whose_name_no_message_can_bear_is_refused(path: Path, name: str) -> None:
    parts = Parts.of(path.read_bytes())
    header = parts.header(parts.digest)
    header[name] = header.pop("weights/count")
    path.write_bytes(framed(json.dumps(header), parts.body()))
    with pytest.raises(BundleError, match="is no name of a tensor") as refused:
        read_bundle(path)
    assert str(refused.value).isprintable()


def test_a_tensor_of_another_type_is_refused_by_name(path: Path) -> None:
    entry = json.dumps({"digest": "", "manifest": {}})
    path.write_bytes(save({"w": np.zeros(3, np.float64)}, metadata={"cellclf": entry}))
    with pytest.raises(BundleError, match="'w' of type 'F64'"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "none"),
        ({"w": np.array([1, np.nan], np.float32)}, "diverged"),
        ({"w": np.array([np.inf], np.float16)}, "diverged"),
        ({"w": np.zeros(2)}, "float64"),
        ({"w": np.array(["text"])}, "Received: <U4"),
        ({"w": np.array([None])}, "object"),
    ],
)
def test_weights_that_are_no_finite_numbers_are_not_written(
    tmp_path: Path, weights: Arrays, said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        write_bundle(tmp_path / "b.safetensors", MANIFEST, weights)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "b.safetensors", MANIFEST, WEIGHTS)


def test_the_fingerprint_of_the_images_trained_on_is_kept(tmp_path: Path, path: Path) -> None:
    trained = np.array([3, 7, 2**64 - 1], dtype=np.uint64)
    other = tmp_path / "other.safetensors"
    write_bundle(other, MANIFEST.model_copy(update={"leaky": True}), WEIGHTS, trained=trained)
    found = read_bundle(other)
    np.testing.assert_array_equal(found.trained, trained)
    assert same(found.weights)
    assert found.manifest.leaky
    assert len(read_bundle(path).trained) == 0
    assert not read_bundle(path).manifest.leaky


def test_a_fingerprint_that_is_no_list_of_numbers_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "tiny.safetensors"
    write_bundle(place, MANIFEST, WEIGHTS, trained=np.zeros((2, 2), np.uint64))
    with pytest.raises(BundleError, match=r"'trained/images' is no list of fingerprints"):
        read_bundle(place)


def usual(classes: int = 3) -> UsualLook:
    rng = np.random.default_rng(0)
    return UsualLook.of(
        rng.normal(size=(90, len(MEASURES))), np.arange(90) % classes, classes=classes
    )


def test_what_training_images_look_like_comes_back_and_may_be_missing(
    tmp_path: Path, path: Path
) -> None:
    looked = tmp_path / "looked.safetensors"
    write_bundle(looked, MANIFEST, WEIGHTS, usual=usual())
    bundle = read_bundle(looked)
    assert bundle.usual is not None
    assert same(bundle.usual.arrays(), usual().arrays())
    assert same(bundle.weights)
    assert read_bundle(path).usual is None


def test_a_look_that_does_not_fit_the_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "looked.safetensors"
    write_bundle(path, MANIFEST, WEIGHTS, usual=usual(classes=2))
    with pytest.raises(BundleError, match=r"damaged.*shape \(4, 7, 3\)"):
        read_bundle(path)


@pytest.fixture
def decided(tmp_path: Path) -> Path:
    """A bundle with all that a bundle can hold."""
    path = tmp_path / "decided.safetensors"
    refusing = dataclasses.replace(
        decision(), refusal=Refusal(share=0.05, threshold=1.5, samples=60)
    )
    trained = np.arange(4, dtype=np.uint64)
    write_bundle(
        path,
        MANIFEST,
        WEIGHTS,
        decision=refusing,
        outliers=outliers(),
        usual=usual(),
        trained=trained,
    )
    read_bundle(path)
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 0}, "'temperature' is out of range"),
        ({"temperature": -1}, "'temperature' is out of range"),
        ({"review": -0.5}, "'review' is out of range"),
        ({"set_coverage": 1.5}, "'set_coverage' is out of range"),
        ({"calibrated_on": 90.5}, "'calibrated_on' is out of range"),
        ({"review_accepted": 0}, "'review_bound' is given"),
        ({"outlier": None}, "'outlier' is missing"),
        ({"outlier_share": None}, "'outlier_share' is missing"),
        ({"review": None}, "'review' is missing"),
    ],
    ids=str,
)
def test_thresholds_that_nothing_can_be_decided_by_are_refused(
    decided: Path, changes: dict[str, float | None], said: str
) -> None:
    def change(parts: Parts) -> Parts:
        changed = {**parts.manifest["thresholds"], **changes}
        kept = {name: value for name, value in changed.items() if value is not None}
        return dataclasses.replace(parts, manifest={**parts.manifest, "thresholds": kept})

    sealed(decided, change)
    with pytest.raises(BundleError, match=rf"decided.safetensors is damaged: {said}"):
        read_bundle(decided)


def with_tensor(path: Path, name: str, array: NDArray[Any] | None, *, called: str = "") -> None:
    """Put another tensor in the place of one, or none."""

    def change(parts: Parts) -> Parts:
        tensors = {tensor.name: tensor for tensor in parts.tensors}
        old = tensors.pop(name)
        if array is not None:
            kinds = {np.dtype(numpy): kind for kind, numpy in NUMPY.items()}
            tensors[called or name] = dataclasses.replace(
                old,
                name=called or name,
                dtype=kinds[array.dtype],
                shape=list(array.shape),
                content=array.tobytes(),
            )
        return dataclasses.replace(parts, tensors=tuple(tensors.values()))

    sealed(path, change)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("weights/conv/kernel", np.full(12, np.nan, np.float32), "'weights/conv/kernel' holds NaN"),
        ("weights/conv/bias", np.full(3, -np.inf, np.float16), "holds NaN or infinity"),
        ("decision/biases", np.zeros(3, np.int32), "must be of type float32. Received: int32"),
        ("decision/biases", np.full(3, np.inf, np.float32), "holds NaN or infinity"),
        ("decision/set_samples", np.full(3, 0.5, np.float32), "must hold whole numbers"),
        ("decision/set_samples", np.full(3, -1, np.float32), "must be from 0"),
        ("decision/set_thresholds", np.full(3, 2, np.float32), "must be from 0 to 1"),
        ("outliers/means", np.zeros((3, 6), np.float16), "must be of type float32"),
        ("outliers/means", np.zeros((4, 6), np.float32), "must have at most 3 rows"),
        ("outliers/scales", None, "'scales' is missing"),
        ("appearance/stain_and_focus_1", np.zeros((4, 7, 3), np.int32), "must be of type float32"),
        ("trained/images", np.zeros(3, np.uint64), "is no list of fingerprints"),
        ("trained/images", np.array([2, 1], np.uint64), "is no list of fingerprints"),
    ],
    ids=str,
)
def test_a_tensor_that_cannot_be_what_it_is_called_is_refused(
    decided: Path, name: str, array: NDArray[Any] | None, said: str
) -> None:
    with_tensor(decided, name, array)
    with pytest.raises(BundleError, match=rf"decided.safetensors is damaged: .*{said}"):
        read_bundle(decided)


@pytest.mark.parametrize(
    ("name", "called", "said"),
    [
        ("decision/biases", "decision/more", "'more' has no place in a decision"),
        ("trained/images", "trained/more", "'trained/more', which a bundle has no place for"),
        ("outliers/rest", "rest", "'rest', which a bundle has no place for"),
    ],
)
def test_a_tensor_that_has_no_place_is_refused(
    decided: Path, name: str, called: str, said: str
) -> None:
    with_tensor(decided, name, np.zeros(3, np.float32), called=called)
    with pytest.raises(BundleError, match=said):
        read_bundle(decided)


def test_a_bundle_that_refuses_cells_without_scores_to_refuse_by_is_refused(decided: Path) -> None:
    def change(parts: Parts) -> Parts:
        kept = (one for one in parts.tensors if not one.name.startswith("outliers/"))
        return dataclasses.replace(parts, tensors=tuple(kept))

    sealed(decided, change)
    with pytest.raises(BundleError, match="it refuses cells by a score"):
        read_bundle(decided)


def test_a_bundle_without_weights_is_refused(decided: Path) -> None:
    def change(parts: Parts) -> Parts:
        kept = (one for one in parts.tensors if not one.name.startswith("weights/"))
        return dataclasses.replace(parts, tensors=tuple(kept))

    sealed(decided, change)
    with pytest.raises(BundleError, match="it holds no weights"):
        read_bundle(decided)


def test_what_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    place = tmp_path / "b.safetensors"
    with pytest.raises(BundleError, match="is no name of a tensor"):
        write_bundle(place, MANIFEST, {"x" * 300: np.zeros(1, np.float32)})
    long = MANIFEST.model_copy(update={"params": {"text": "x" * (5 << 20)}})
    with pytest.raises(BundleError, match="has a header of 5,"):
        write_bundle(place, long, WEIGHTS)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_no_bundle_can_hold_is_refused_before_it_is_trained() -> None:
    with pytest.raises(BundleError, match="smaller images or another architecture"):
        require_room(170_000_000)
