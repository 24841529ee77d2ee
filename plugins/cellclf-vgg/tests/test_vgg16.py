from __future__ import annotations

from pathlib import Path

import cellclf

cellclf.prepare_backend()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from cellclf_vgg.network import build, pretrained  # noqa: E402
from cellclf_vgg.params import VGG16Params  # noqa: E402
from cellclf_vgg.plugin import cellclf_models  # noqa: E402

from cellclf.testing import conformance  # noqa: E402

SHAPE = (32, 32, 3)


def network(**params: object) -> keras.Model:
    return build(VGG16Params.model_validate(params), input_shape=SHAPE, num_classes=3)


test_conformance = pytest.mark.slow(conformance(*cellclf_models()))


def test_flattening_and_a_head_without_dense_layers_can_be_asked_for() -> None:
    model = network(pooling="flatten", head_units=[])
    assert tuple(model.get_layer("features").output.shape) == (None, 512)
    assert [layer.name for layer in model.layers[-2:]] == ["features", "logits"]


def test_the_layer_pixels_is_the_preprocessing_that_keras_publishes() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    model = network()
    shown = keras.Model(model.input, model.get_layer("pixels").output)
    expected = keras.applications.vgg16.preprocess_input(images.astype(np.float32))
    np.testing.assert_allclose(shown.predict_on_batch(images), expected, atol=1e-3)


def test_no_weights_are_looked_for_unless_asked() -> None:
    model = network()
    before = model.get_layer("block1_conv1").get_weights()[0]
    pretrained(model, VGG16Params())
    assert np.array_equal(model.get_layer("block1_conv1").get_weights()[0], before)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_weights_file_gives_the_features_of_the_network_that_it_is_from(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    published = keras.applications.VGG16(include_top=False, weights=None, input_shape=SHAPE)
    published.save_weights(tmp_path / "vgg16.weights.h5")
    model = network()
    pretrained(model, VGG16Params(weights=str(tmp_path / "vgg16.weights.h5")))
    mapped = published.predict_on_batch(
        keras.applications.vgg16.preprocess_input(images.astype(np.float32))
    )
    features = keras.Model(model.input, model.get_layer("features").output)
    np.testing.assert_allclose(
        features.predict_on_batch(images), mapped.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5
    )
