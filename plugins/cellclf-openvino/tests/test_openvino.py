"""OpenVINO as an engine, on a network of the fewest layers."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.engines.proof import made_images
from cellclf.network.backend import prepare_backend
from cellclf.specs import NoParams

prepare_backend()

import keras  # noqa: E402  after prepare_backend
import openvino  # noqa: E402
from cellclf_openvino.engine import FILE, PIECE, convert, open_network  # noqa: E402

SIZE = 16


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="images")
    x = keras.ops.cast(images, "float32")
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="stem")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    logits = keras.layers.Dense(3, name="dense")(x)
    return keras.Model(images, {"logits": logits, "features": x})


@pytest.fixture(scope="module")
def folder(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("openvino")
    convert(network, made, NoParams(), metadata={"model": "tiny", "classes": '["a", "b", "c"]'})
    return made


@pytest.mark.parametrize("number", [1, PIECE, PIECE + 1, 5 * PIECE + 3])
def test_any_number_of_images_gives_what_keras_gives_in_their_order(
    number: int, network: keras.Model, folder: Path
) -> None:
    images = made_images(SIZE, number)
    given = open_network(folder, NoParams())(images)
    expected: Mapping[str, NDArray[np.float32]] = network.predict_on_batch(images)
    assert set(given) == {"logits", "features"}
    for name, array in given.items():
        np.testing.assert_allclose(array, np.asarray(expected[name]), rtol=1e-4, atol=1e-3)


def test_a_second_call_is_not_disturbed_by_the_first(folder: Path) -> None:
    run = open_network(folder, NoParams())
    many, others = made_images(SIZE, 2 * PIECE), made_images(SIZE, 2 * PIECE, seed=1)
    first = {name: array.copy() for name, array in run(many).items()}
    run(others)
    for name, array in run(many).items():
        np.testing.assert_array_equal(array, first[name])


def test_threads_that_call_at_once_are_each_given_what_is_theirs(folder: Path) -> None:
    run = open_network(folder, NoParams())
    given = [made_images(SIZE, number, seed=number) for number in (1, 2, 2 * PIECE, 4 * PIECE)]
    alone = [run(images)["logits"] for images in given]
    calls = [place % len(given) for place in range(200)]
    with ThreadPoolExecutor(max_workers=4) as threads:
        found = threads.map(lambda place: run(given[place])["logits"], calls)
        for place, logits in zip(calls, found, strict=True):
            np.testing.assert_array_equal(logits, alone[place])


def test_what_is_known_of_the_model_is_kept_in_the_file(folder: Path) -> None:
    model = openvino.Core().read_model(folder / FILE)
    assert model.get_rt_info(["cellclf", "model"]).astype(str) == "tiny"


def test_one_file_opens_it_and_the_other_holds_its_numbers(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["model.bin", FILE]
