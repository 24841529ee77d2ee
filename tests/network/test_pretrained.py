from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.errors import TrainingError
from cellclf.network.pretrained import copy_weights, published_network

# Keras' own `save_weights` calls `np.array` on a tensor that does not know NumPy 2's `copy`.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ADDRESS = "https://example.org/small_notop.h5"
NOBODY_LISTENS = "http://127.0.0.1:9/small_notop.h5"


def backbone(width: int = 4, *, include_top: bool = False, weights: Any = None) -> keras.Model:
    """Stands where a function of `keras.applications` stands."""
    if weights == "imagenet":
        keras.utils.get_file("small_notop_of_a_test.h5", NOBODY_LISTENS)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(width, 3, name="block1_conv")(image)
    x = keras.layers.Activation("relu", name="block1_act")(x)
    return keras.Model(image, keras.layers.Conv2D(2, 3, name="block2_conv")(x), name="small")


def classifier(width: int = 4) -> keras.Model:
    body = backbone(width)
    x = keras.layers.GlobalAveragePooling2D(name="features")(body.output)
    return keras.Model(body.input, keras.layers.Dense(3, name="logits")(x))


def kernels(model: keras.Model) -> list[Any]:
    return [model.get_layer(name).get_weights()[0] for name in ("block1_conv", "block2_conv")]


def test_a_file_fills_the_backbone_and_leaves_the_head(tmp_path: Path) -> None:
    source, model = backbone(), classifier()
    source.save_weights(tmp_path / "small.weights.h5")
    head = model.get_layer("logits").get_weights()
    found = published_network(backbone, weights=str(tmp_path / "small.weights.h5"), address=ADDRESS)
    copy_weights(found, model)
    assert all(map(np.array_equal, kernels(model), kernels(source)))
    assert all(map(np.array_equal, model.get_layer("logits").get_weights(), head))


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"or an existing file. Received: weights='no\.h5'"):
        published_network(backbone, weights="no.h5", address=ADDRESS)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    backbone(6).save_weights(tmp_path / "wide.weights.h5")
    with pytest.raises(TrainingError, match=r"with the weights of small without.*does not fit"):
        published_network(backbone, weights=str(tmp_path / "wide.weights.h5"), address=ADDRESS)


@pytest.mark.parametrize("name", ["text.h5", "text.weights.h5", "text.txt"])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no weights")
    with pytest.raises(TrainingError, match="does not fit"):
        published_network(backbone, weights=str(tmp_path / name), address=ADDRESS)


def test_a_failed_download_names_the_choices(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match=f"weights='none'.*fetch {ADDRESS}"):
        published_network(backbone, weights="imagenet", address=ADDRESS)
    assert capfd.readouterr() == ("", "")


def test_layers_that_do_not_match_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"layer 'block1_conv'.*must hold variables"):
        copy_weights(backbone(6), classifier(4))


def test_a_layer_that_is_left_out_is_not_copied() -> None:
    source, model = backbone(), classifier()
    before = kernels(model)
    copy_weights(source, model, leave_out=["block1_conv"])
    assert np.array_equal(kernels(model)[0], before[0])
    assert np.array_equal(kernels(model)[1], kernels(source)[1])
