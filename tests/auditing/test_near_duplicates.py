from __future__ import annotations

import dataclasses
from itertools import combinations

import cv2
import numpy as np
import pytest
from cellclf_blood.demo import picture
from cellclf_blood.params import DemoParams
from cellclf_blood.vocabulary import CLASSES
from numpy.typing import NDArray

from cellclf.auditing.candidates import candidates
from cellclf.auditing.keypoints import Description, describe, mirrored
from cellclf.auditing.near_duplicates import Link, near_duplicates
from cellclf.auditing.registration import register
from cellclf.progress import Silent

Image = NDArray[np.uint8]

SIZE = 160


def cell(number: int, label: str = "neutrophil") -> Image:
    """A rendered cell, with a texture of its own such as real ones have."""
    image = picture(DemoParams(image_size=SIZE), label, number)
    grain = np.random.default_rng((number, CLASSES.index(label))).normal(0, 18, image.shape)
    return np.clip(image + cv2.GaussianBlur(grain, (0, 0), 1.6) * 3, 0, 255).astype(np.uint8)


def warped(image: Image, *, angle: float = 0, zoom: float = 1, shift: float = 0) -> Image:
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), angle, zoom)
    turn[:, 2] += shift * SIZE
    return np.asarray(cv2.warpAffine(image, turn, (SIZE, SIZE)), dtype=np.uint8)


def compressed(image: Image) -> Image:
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1), np.uint8
    )


COPIES = {
    "rotated by 37 degrees": lambda image: warped(image, angle=37),
    "rotated by 90 degrees": lambda image: np.rot90(image),
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "mirrored and rotated": lambda image: warped(np.ascontiguousarray(image[:, ::-1]), angle=200),
    "shifted": lambda image: warped(image, shift=0.12),
    "zoomed in": lambda image: warped(image, zoom=1.3),
    "zoomed out": lambda image: warped(image, zoom=0.8),
    "reduced": lambda image: cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA),
    "compressed": compressed,
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.2),
    "darker": lambda image: (image * 0.7).astype(np.uint8),
    "recoloured": lambda image: (image * [0.8, 1.0, 0.9]).astype(np.uint8),
}


def linked(images: list[Image]) -> tuple[Link, ...]:
    return near_duplicates([describe(image) for image in images], progress=Silent())


@pytest.mark.parametrize("copy", list(COPIES))
def test_a_copy_is_found_among_other_cells(copy: str) -> None:
    others = [cell(number) for number in range(1, 6)]
    (link,) = linked([cell(0), *others, np.ascontiguousarray(COPIES[copy](cell(0)))])
    assert (link.first, link.second) == (0, 6)
    assert link.is_copy
    assert link.mirrored == any(word in copy for word in ("mirrored", "upside"))


def test_different_cells_of_every_class_are_not_linked() -> None:
    assert linked([cell(n, label) for label in CLASSES for n in range(4)]) == ()


def test_plain_rendered_cells_are_not_linked() -> None:
    params = DemoParams(image_size=64)
    assert linked([picture(params, label, n) for label in CLASSES for n in range(4)]) == ()


def test_many_copies_hang_together_by_a_tree_of_links() -> None:
    images = [cell(0), *(warped(cell(0), angle=angle) for angle in range(30, 300, 30)), cell(1)]
    links = linked(images)
    assert len(links) == len(images) - 2
    assert {row for link in links for row in (link.first, link.second)} == set(range(10))


def test_two_cuts_from_one_field_are_linked_with_a_smaller_overlap() -> None:
    field = np.hstack([cell(0), cell(1)])
    (link,) = linked([field[:, :SIZE].copy(), field[:, SIZE // 2 : SIZE * 3 // 2].copy(), cell(2)])
    assert (link.first, link.second) == (0, 1)
    assert 0.3 < link.overlap < 0.7
    assert not link.is_copy


def test_copies_are_told_although_a_cut_of_their_field_joins_them_already() -> None:
    field = np.hstack([cell(0), cell(1)])
    cut = field[:, SIZE * 2 // 5 : SIZE * 7 // 5].copy()
    links = linked([cell(0), cut, warped(cell(0), angle=25)])
    copies = [(link.first, link.second) for link in links if link.is_copy]
    assert copies == [(0, 2)]
    assert len(links) == 2


def test_fill_in_the_corners_links_nothing() -> None:
    images = [warped(cell(number), angle=20, zoom=0.8) for number in range(6)]
    assert linked(images) == ()


def test_a_mark_that_all_images_bear_links_nothing() -> None:
    images = [cell(number) for number in range(8)]
    for image in images:
        cv2.putText(image, "x100 oil", (5, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    assert linked(images) == ()


@pytest.mark.parametrize(
    "image",
    [
        np.full((40, 60, 3), 200, np.uint8),
        np.zeros((40, 60, 3), np.uint8),
        np.full((1, 1, 3), 7, np.uint8),
        np.full((3, 400, 3), 255, np.uint8),
    ],
    ids=["grey", "black", "one pixel", "a white line"],
)
def test_an_image_without_features_is_described_and_linked_to_nothing(image: Image) -> None:
    described = describe(image)
    assert described.places.shape == (0, 2)
    assert described.descriptors.shape == (0, 128)
    assert near_duplicates([described, described], progress=Silent()) == ()


def test_rows_without_description_are_passed_over() -> None:
    one = describe(cell(0))
    (link,) = near_duplicates([None, one, None, one], progress=Silent())
    assert (link.first, link.second) == (1, 3)


def test_nothing_at_all_has_no_copies() -> None:
    assert near_duplicates([], progress=Silent()) == ()


def test_the_same_images_give_the_same_links() -> None:
    images = [cell(0), warped(cell(0), angle=10), cell(1), warped(cell(1), angle=50)]
    assert linked(images) == linked(images)


def test_descriptors_of_a_mirror_image_are_those_of_the_image_mirrored() -> None:
    here, there = describe(cell(0)), describe(np.ascontiguousarray(cell(0)[:, ::-1]))
    apart = np.linalg.norm(
        mirrored(here.descriptors)[:, None].astype(float) - there.descriptors[None], axis=2
    )
    assert np.median(apart.min(axis=1)) < 0.2 * np.median(apart)
    assert np.array_equal(mirrored(mirrored(here.descriptors)), here.descriptors)


def test_registration_does_not_depend_on_which_image_comes_first() -> None:
    one, other = describe(cell(0)), describe(warped(cell(0), angle=70, zoom=1.2))
    for first, second in ((one, other), (other, one)):
        found = register(first, second, mirror=False)
        assert found is not None
        assert found.overlap > 0.8
        assert found.correlation > 0.9
    assert register(one, other, mirror=True) is None


def test_keypoints_that_agree_are_not_enough_where_the_pixels_do_not() -> None:
    one = describe(cell(0))
    other = dataclasses.replace(one, grey=describe(cell(1)).grey)
    assert register(one, other, mirror=False) is None


def test_candidates_grow_with_the_number_of_images_not_with_its_square() -> None:
    rng = np.random.default_rng(0)

    def noise() -> Description:
        return Description(
            grey=np.zeros((80, 80), np.uint8),
            content=None,
            places=np.zeros((30, 2), np.float32),
            # All alike: the worst case, in which every image is near every other.
            descriptors=rng.integers(40, 44, (30, 128)).astype(np.uint8),
        )

    few, many = (len(candidates([noise() for _ in range(n)]).pairs) for n in (60, 240))
    assert 0 < many <= 6 * few
    assert many < len(list(combinations(range(240), 2))) / 2


def test_boxes_of_one_file_that_overlap_do_not_hide_their_copies_in_another() -> None:
    rng = np.random.default_rng(0)
    shown_by_all = rng.integers(20, 100, (30, 128))
    saved_anew = shown_by_all + rng.integers(-6, 7, shown_by_all.shape)
    boxes = 40
    files = np.repeat([0, 1], boxes)
    described = [
        Description(
            grey=np.zeros((80, 80), np.uint8),
            content=None,
            places=np.zeros((30, 2), np.float32),
            descriptors=(shown_by_all, saved_anew)[file].astype(np.uint8),
        )
        for file in files
    ]
    found = candidates(described, files=files)
    assert set(files[found.pairs[:, 0]]) == {0}
    assert set(files[found.pairs[:, 1]]) == {1}
    assert set(found.pairs.ravel().tolist()) == set(range(2 * boxes))
