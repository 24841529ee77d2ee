from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellclf.builtin.augmentation_specs import (
    AUGMENTATIONS,
    BlurParams,
    BrightnessParams,
    ContrastParams,
    FlipParams,
    NoiseParams,
    RotationParams,
    ShiftParams,
    StainParams,
    ZoomParams,
)
from cellclf.builtin.augmentations import (
    blur,
    brightness,
    contrast,
    flip,
    noise,
    rotation,
    shift,
    stain,
    zoom,
)
from cellclf.specs import AugmentationSpec, Params, resolve

NEUTRAL: dict[str, Params] = {
    "flip": FlipParams(horizontal=False, vertical=False),
    "rotation": RotationParams(max_degrees=0),
    "zoom": ZoomParams(amount=0),
    "shift": ShiftParams(fraction=0),
    "contrast": ContrastParams(amount=0),
    "brightness": BrightnessParams(amount=0),
    "stain": StainParams(scale=0, offset=0),
    "blur": BlurParams(probability=0),
    "noise": NoiseParams(probability=0),
}

STRONGEST: dict[str, Params] = {
    "flip": FlipParams(),
    "rotation": RotationParams(max_degrees=180),
    "zoom": ZoomParams(amount=1),
    "shift": ShiftParams(fraction=0.5),
    "contrast": ContrastParams(amount=1),
    "brightness": BrightnessParams(amount=1),
    "stain": StainParams(scale=1, offset=1, curve=3, mix=1),
    "blur": BlurParams(max_sigma=10, probability=1),
    "noise": NoiseParams(max_sigma=100, probability=1),
}

each_augmentation = pytest.mark.parametrize("spec", AUGMENTATIONS, ids=lambda spec: spec.name)

images = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
    elements=st.integers(0, 255),
)
seeds = st.integers(0, 2**32 - 1)


def picture(size: int = 24) -> np.ndarray:
    """A smooth field with a dark blob off the middle."""
    y, x = np.mgrid[:size, :size] / size
    blob = np.exp(-((x - 0.6) ** 2 + (y - 0.4) ** 2) * 20)
    return np.stack([220 - 100 * blob, 200 - 140 * blob, 230 - 60 * blob], axis=2).astype(np.uint8)


@each_augmentation
@settings(max_examples=40, deadline=None)
@given(image=images, seed=seeds, strong=st.booleans())
def test_shape_and_type_stay_and_the_input_is_untouched(
    spec: AugmentationSpec, image: np.ndarray, seed: int, strong: bool
) -> None:
    before = image.copy()
    image.flags.writeable = False
    params = STRONGEST[spec.name] if strong else spec.params()
    result = resolve(spec.apply)(image, np.random.default_rng(seed), params)
    assert result.dtype == np.uint8
    assert result.shape == image.shape
    np.testing.assert_array_equal(image, before)


@each_augmentation
@settings(max_examples=20, deadline=None)
@given(image=images, seed=seeds)
def test_neutral_parameters_give_the_identical_image(
    spec: AugmentationSpec, image: np.ndarray, seed: int
) -> None:
    result = resolve(spec.apply)(image, np.random.default_rng(seed), NEUTRAL[spec.name])
    np.testing.assert_array_equal(result, image)


@each_augmentation
def test_the_same_generator_gives_the_same_pixels_and_another_gives_others(
    spec: AugmentationSpec,
) -> None:
    apply = resolve(spec.apply)
    views = [apply(picture(), np.random.default_rng(s), STRONGEST[spec.name]) for s in range(6)]
    again = [apply(picture(), np.random.default_rng(s), STRONGEST[spec.name]) for s in range(6)]
    np.testing.assert_array_equal(views, again)
    assert len({view.tobytes() for view in views}) > 2


@each_augmentation
def test_a_view_of_another_memory_layout_gives_the_same_pixels(spec: AugmentationSpec) -> None:
    apply, image = resolve(spec.apply), picture()
    strided = np.repeat(image, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(
        apply(strided, np.random.default_rng(3), STRONGEST[spec.name]),
        apply(image, np.random.default_rng(3), STRONGEST[spec.name]),
    )


@each_augmentation
def test_every_parameter_says_what_it_means_and_is_bounded(spec: AugmentationSpec) -> None:
    assert spec.params.model_fields
    for name, field in spec.params.model_fields.items():
        assert field.description, name
        if field.annotation is float:
            with pytest.raises(ValueError, match="greater than or equal to 0"):
                spec.params(**{name: -0.1})


@pytest.mark.parametrize(
    "spec", [spec for spec in AUGMENTATIONS if spec.name != "noise"], ids=lambda spec: spec.name
)
def test_an_even_field_stays_even_under_geometry_and_optics(spec: AugmentationSpec) -> None:
    """Reflection at the border brings in no new levels, black corners least of all."""
    even = np.full((16, 16, 3), (200, 150, 100), dtype=np.uint8)
    result = resolve(spec.apply)(even, np.random.default_rng(1), STRONGEST[spec.name])
    assert (result == result[0, 0]).all()


def test_flips_mirror_each_way_in_about_half_of_the_images() -> None:
    image = picture(8)
    mirrored = {
        "neither": image,
        "left and right": image[:, ::-1],
        "top and bottom": image[::-1],
        "both": image[::-1, ::-1],
    }
    rng = np.random.default_rng(0)
    views = [flip(image, rng, FlipParams()) for _ in range(200)]
    for expected in mirrored.values():
        share = np.mean([np.array_equal(view, expected) for view in views])
        assert 0.15 < share < 0.35


def test_only_the_flips_that_are_asked_for_happen() -> None:
    image, rng = picture(8), np.random.default_rng(0)
    views = {flip(image, rng, FlipParams(vertical=False)).tobytes() for _ in range(20)}
    assert views == {image.tobytes(), image[:, ::-1].tobytes()}


def test_a_rotation_turns_about_the_middle_of_the_image() -> None:
    y, x = np.mgrid[:25, :25] - 12
    disc = np.where(np.hypot(x, y) < 8, 60, 200).astype(np.uint8)
    image = np.repeat(disc[:, :, None], 3, axis=2)
    turned = rotation(image, np.random.default_rng(5), RotationParams())
    assert np.abs(turned.astype(int) - image).mean() < 5


def test_a_zoom_magnifies_as_often_as_it_shrinks_and_within_its_range() -> None:
    y, x = np.mgrid[:65, :65] - 32
    disc = np.where(np.hypot(x, y) < 16, 0, 255).astype(np.uint8)
    image, rng = np.repeat(disc[:, :, None], 3, axis=2), np.random.default_rng(0)
    areas = [(zoom(image, rng, ZoomParams(amount=0.5)) < 128).mean() for _ in range(100)]
    scales = np.sqrt(np.array(areas) / (image < 128).mean())
    assert 1 / 1.55 < scales.min() < 0.75
    assert 1.35 < scales.max() < 1.55
    assert 0.35 < (scales > 1).mean() < 0.65


def test_a_zoom_may_magnify_further_than_it_shrinks() -> None:
    y, x = np.mgrid[:65, :65] - 32
    disc = np.where(np.hypot(x, y) < 10, 0, 255).astype(np.uint8)
    image, rng = np.repeat(disc[:, :, None], 3, axis=2), np.random.default_rng(0)
    params = ZoomParams(amount=1.5, shrink=0.1)
    areas = [(zoom(image, rng, params) < 128).mean() for _ in range(100)]
    scales = np.sqrt(np.array(areas) / (image < 128).mean())
    assert 0.85 < scales.min() < 1
    assert 2.2 < scales.max() < 2.6


def test_a_shift_moves_whole_pixels_and_reflects_at_the_border() -> None:
    row = np.repeat(np.arange(0, 100, 10, dtype=np.uint8)[None, :, None], 3, axis=2)
    seen = {
        tuple(shift(row, np.random.default_rng(seed), ShiftParams(fraction=0.2))[0, :, 0])
        for seed in range(40)
    }
    assert (20, 10, 0, 10, 20, 30, 40, 50, 60, 70) in seen
    assert (10, 20, 30, 40, 50, 60, 70, 80, 90, 80) in seen
    assert len(seen) == 5


def test_contrast_keeps_the_mean_level() -> None:
    image = picture()
    changed = contrast(image, np.random.default_rng(2), ContrastParams(amount=0.3))
    assert abs(changed.mean() - image.mean()) < 1
    assert changed.std() != pytest.approx(image.std(), rel=0.05)


def test_brightness_multiplies_all_channels_by_one_factor() -> None:
    image = np.full((2, 2, 3), (200, 100, 50), dtype=np.uint8)
    changed = brightness(image, np.random.default_rng(1), BrightnessParams(amount=0.2))[0, 0]
    factor = np.random.default_rng(1).uniform(0.8, 1.2)
    np.testing.assert_array_equal(changed, np.rint(np.array([200, 100, 50]) * factor))


def test_stain_scales_and_offsets_optical_density_by_the_beer_lambert_law() -> None:
    image = np.full((1, 1, 3), (204, 102, 51), dtype=np.uint8)
    params = StainParams(scale=0.3, offset=0.1)
    rng = np.random.default_rng(7)
    rng.random()  # whether the image is changed
    a, b = rng.uniform(0.7, 1.3, 3), rng.uniform(-0.1, 0.1, 3)
    density = a * -np.log10(image[0, 0] / 255) + b
    expected = np.clip(255 * 10**-density, 0, 255)
    changed = stain(image, np.random.default_rng(7), params)[0, 0]
    np.testing.assert_allclose(changed, expected, atol=0.5)


def test_stain_raises_optical_density_to_a_power() -> None:
    image = np.full((1, 1, 3), (204, 102, 51), dtype=np.uint8)
    rng = np.random.default_rng(7)
    rng.random(7)  # whether the image is changed, factors and offsets
    powers = np.exp(rng.uniform(-np.log(2), np.log(2), 3))
    expected = 255 * 10 ** -((-np.log10(image[0, 0] / 255)) ** powers)
    params = StainParams(scale=0, offset=0, curve=1)
    changed = stain(image, np.random.default_rng(7), params)[0, 0]
    np.testing.assert_allclose(changed, expected, atol=0.5)
    assert not np.array_equal(changed, image[0, 0])


def test_stain_mixes_the_optical_densities_of_the_channels() -> None:
    image = np.full((1, 1, 3), (204, 102, 51), dtype=np.uint8)
    rng = np.random.default_rng(7)
    rng.random(10)  # whether the image is changed, factors, offsets and powers
    taken = rng.uniform(-0.3, 0.3, (3, 3))
    np.fill_diagonal(taken, 1)
    expected = np.clip(255 * 10 ** -(taken @ -np.log10(image[0, 0] / 255)), 0, 255)
    changed = stain(image, np.random.default_rng(7), StainParams(scale=0, offset=0, mix=0.3))
    np.testing.assert_allclose(changed[0, 0], expected, atol=0.5)
    assert not np.array_equal(changed, image)


def test_noise_has_the_drawn_spread_and_no_bias() -> None:
    grey = np.full((128, 128, 3), 128, dtype=np.uint8)
    params = NoiseParams(max_sigma=20, probability=1)
    changed = noise(grey, np.random.default_rng(3), params).astype(float) - 128
    sigma = np.random.default_rng(3).uniform(0, 20)
    assert changed.std() == pytest.approx(sigma, rel=0.02)
    assert abs(changed.mean()) < 0.2


def test_blur_reaches_the_asked_share_of_the_images() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    rng = np.random.default_rng(1)
    blurred = [blur(image, rng, BlurParams(max_sigma=2, probability=0.3)) for _ in range(300)]
    smoother = [view.std() < image.std() * 0.99 for view in blurred]
    assert 0.2 < np.mean(smoother) < 0.35


def test_listing_the_augmentations_imports_neither_numpy_nor_opencv() -> None:
    code = (
        "import sys, cellclf.builtin.augmentation_specs, cellclf.builtin.dataset_specs;"
        "print(sorted({'numpy', 'cv2', 'pandas', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
