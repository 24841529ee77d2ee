from __future__ import annotations

import numpy as np
import pytest
from cellclf_blood.demo import load, picture
from cellclf_blood.params import DemoParams
from cellclf_blood.vocabulary import CLASSES

from cellclf.testing import conformance

FEW = DemoParams(images_per_class=3, image_size=32)

test_conformance = conformance("blood_cells_demo", params=FEW)


def test_every_class_has_the_number_of_pictures_asked_for() -> None:
    samples = load(FEW)
    assert samples.classes == CLASSES
    assert samples.counts == dict.fromkeys(CLASSES, 3)
    assert samples.images is not None
    assert samples.images.dtype == np.uint8
    assert samples.images.shape == (24, 32, 32, 3)


def test_ids_name_the_class_and_the_number() -> None:
    samples = load(FEW)
    assert samples[0].id == "basophil/0000"
    assert samples[-1].id == "platelet/0002"
    assert [sample.index for sample in samples] == list(range(24))


def test_the_same_parameters_give_the_same_pixels() -> None:
    np.testing.assert_array_equal(load(FEW).images, load(FEW).images)


def test_another_seed_gives_other_pixels() -> None:
    other = FEW.model_copy(update={"seed": 1})
    assert not np.array_equal(load(FEW).images, load(other).images)


def test_a_picture_depends_neither_on_the_others_nor_on_their_order() -> None:
    images = load(FEW).images
    assert images is not None
    alone = picture(FEW.model_copy(update={"images_per_class": 1}), "monocyte", 2)
    np.testing.assert_array_equal(alone, images[CLASSES.index("monocyte") * 3 + 2])


def test_no_two_pictures_are_alike() -> None:
    images = load(FEW).images
    assert images is not None
    assert len({image.tobytes() for image in images}) == len(images)


def test_wrong_parameters_are_refused() -> None:
    for wrong in ({"images_per_class": 0}, {"image_size": 8}, {"seed": -1}, {"colour": "red"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DemoParams(**wrong)
