from __future__ import annotations

import hashlib
from pathlib import Path

import cellclf

cellclf.prepare_backend()

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from cellclf_efficientnet.network import DEVIATION, MEAN, build, pretrained  # noqa: E402
from cellclf_efficientnet.params import EfficientNetB4Params  # noqa: E402
from cellclf_efficientnet.plugin import cellclf_models  # noqa: E402

from cellclf.testing import conformance  # noqa: E402

SHAPE = (32, 32, 3)

# A network of this depth takes seconds to build.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def network(**params: object) -> keras.Model:
    return build(EfficientNetB4Params.model_validate(params), input_shape=SHAPE, num_classes=3)


def published(scale: tuple[float, ...] | None) -> keras.Model:
    """Keras' own network with random weights and, in its normalization, the given variance."""
    model = keras.applications.EfficientNetB4(include_top=False, weights=None, input_shape=SHAPE)
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Fresh statistics of 0 and 1 would hide a copy that forgot them.
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [gamma, beta, rng.normal(0, 0.1, mean.shape), rng.uniform(0.5, 1, variance.shape)]
            )
        elif isinstance(layer, keras.layers.Normalization) and scale:
            layer.set_weights([np.array(MEAN), np.array(scale), np.array(0)])
            layer.finalize_state()
    return model


def eagerly(model: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    shown = keras.Model(model.input, model.get_layer(layer).output)
    shown.run_eagerly = True
    return np.asarray(shown.predict_on_batch(images))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)


test_conformance = conformance(*cellclf_models())


def test_the_graph_is_flat_and_holds_no_scaling_of_keras_own() -> None:
    model = network(head_units=16)
    names = {layer.name for layer in model.layers}
    assert {"stem_conv", "block6h_project_conv", "top_activation", "head_dense"} <= names
    assert not any(isinstance(layer, keras.layers.Normalization) for layer in model.layers)
    assert sum(isinstance(layer, keras.layers.Rescaling) for layer in model.layers) == 1


def test_a_weights_file_gives_the_features_of_the_network_that_it_is_from(
    tmp_path: Path, images: np.ndarray
) -> None:
    source = published(tuple(deviation**2 for deviation in DEVIATION))
    source.save_weights(tmp_path / "b4.weights.h5")
    model = network()
    pretrained(model, EfficientNetB4Params(weights=str(tmp_path / "b4.weights.h5")))
    expected = eagerly(source, "top_activation", images)
    assert expected.std() > 0.01
    np.testing.assert_allclose(
        eagerly(model, "top_activation", images), expected, rtol=1e-3, atol=1e-4
    )


def test_imagenet_weights_see_the_pixels_that_keras_would_give_them(
    tmp_path: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras' download is found in its cache, where a file with random weights was put."""
    from keras.src.applications import efficientnet
    from keras.src.legacy.saving import legacy_h5_format

    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "efficientnetb4_notop.h5"
    with h5py.File(file, "w") as opened:
        legacy_h5_format.save_weights_to_hdf5_group(opened, published(DEVIATION))
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b4", ("", digest))
    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path))

    source = keras.applications.EfficientNetB4(
        include_top=False, weights="imagenet", input_shape=SHAPE
    )
    assert sum(isinstance(layer, keras.layers.Rescaling) for layer in source.layers) == 2
    for weights in ("imagenet", str(file)):
        model = network()
        pretrained(model, EfficientNetB4Params(weights=weights))
        np.testing.assert_allclose(
            eagerly(model, "pixels", images),
            eagerly(source, "stem_conv_pad", images)[:, :-1, :-1],
            atol=1e-4,
        )
        np.testing.assert_allclose(
            eagerly(model, "top_activation", images),
            eagerly(source, "top_activation", images),
            rtol=1e-3,
            atol=1e-4,
        )


def test_weights_of_a_network_that_saw_other_pixels_are_refused(tmp_path: Path) -> None:
    published(None).save_weights(tmp_path / "b4.weights.h5")
    with pytest.raises(cellclf.TrainingError, match="must have been trained on pixels scaled"):
        pretrained(network(), EfficientNetB4Params(weights=str(tmp_path / "b4.weights.h5")))
