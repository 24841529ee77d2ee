from __future__ import annotations

import cellclf

cellclf.prepare_backend()

import pytest  # noqa: E402
from cellclf_custom_cnn.network import build  # noqa: E402
from cellclf_custom_cnn.params import CustomCNNParams  # noqa: E402
from cellclf_custom_cnn.plugin import cellclf_models  # noqa: E402

from cellclf.testing.models import check_model  # noqa: E402


def test_custom_cnn_keeps_the_contract() -> None:
    (spec,) = cellclf_models()
    check_model(spec)


@pytest.mark.parametrize("size", [16, 33])
def test_images_down_to_the_smallest_size_are_taken(size: int) -> None:
    model = build(CustomCNNParams(), input_shape=(size, size, 3), num_classes=2)
    assert tuple(model.outputs[0].shape) == (None, 2)
