from __future__ import annotations

import numpy as np
import pytest

from cellclf.engines.proof import LARGEST_DIFFERENCE, compared, made_images, prove
from cellclf.engines.speed import measure
from cellclf.errors import EngineError
from cellclf.network.outputs import Outputs


class Steady:
    """An engine that says the same of every image, `shift` aside."""

    batch_size = 64

    def __init__(self, shift: float = 0.0, *, alone: float | None = None, name: str = "x") -> None:
        self.name = name
        self.seen: list[int] = []
        self._shift, self._alone = shift, shift if alone is None else alone

    def __call__(self, images: np.ndarray) -> Outputs:
        self.seen.append(len(images))
        shift = self._alone if len(images) == 1 else self._shift
        probabilities = np.tile(np.float32([0.5 + shift, 0.5 - shift]), (len(images), 1))
        return Outputs(probabilities=probabilities, features=np.ones((len(images), 4), np.float32))


def test_made_images_are_the_same_each_time_and_of_many_kinds() -> None:
    images = made_images(24, 16)
    assert images.shape == (16, 24, 24, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, made_images(24, 16))
    assert not np.array_equal(images, made_images(24, 16, seed=1))
    spread = images.reshape(16, -1).std(axis=1)
    assert spread.min() < 20 < 40 < spread.max()


def test_a_difference_that_is_small_enough_is_recorded() -> None:
    proof = prove(Steady(5e-5), Steady(), made_images(8, 4))
    assert proof.probabilities == pytest.approx(5e-5, rel=1e-2)
    assert (proof.images, proof.features, proof.holds) == (4, 0.0, True)


def test_a_difference_that_is_not_is_an_error() -> None:
    with pytest.raises(EngineError, match=r"differ by up to 2.0e-04 \(at most 0.0001\)"):
        prove(Steady(2 * LARGEST_DIFFERENCE), Steady(), made_images(8, 4))


def test_one_image_by_itself_is_held_against_keras_too() -> None:
    with pytest.raises(EngineError, match=r"differ by up to 1\.0e-01"):
        prove(Steady(0.0, alone=0.1), Steady(), made_images(8, 4))


@pytest.mark.parametrize("bad", [np.full((4, 2), np.nan, np.float32), np.ones((4, 3), np.float32)])
def test_arrays_of_another_shape_or_without_numbers_are_an_error(bad: np.ndarray) -> None:
    good = Steady()(made_images(8, 4))
    with pytest.raises(EngineError, match=r"must give finite probabilities of shape \(4, 2\)"):
        compared("x", good, Outputs(probabilities=bad, features=good.features))


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({64: 0.3, 16: 0.08, 128: 0.6}, 64),  # others are no faster
        ({64: 0.3, 16: 0.06, 128: 0.6}, 16),
        ({64: 0.3, 16: 0.08, 128: 0.5}, 128),
        ({64: 0.9, 16: 0.3, 128: 0.1}, 64),  # 128 would take too long, as far as is known
    ],
)
def test_another_size_of_batch_is_taken_where_it_is_clearly_faster(
    seconds: dict[int, float], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    class Timed(Steady):
        def __call__(self, images: np.ndarray) -> Outputs:
            now[0] += seconds[len(images)]
            return super().__call__(images)

    monkeypatch.setattr("cellclf.engines.speed.time.perf_counter", lambda: now[0])
    speed = measure(Timed(), 8)
    assert speed.batch_size == chosen
    assert speed.images_per_second == pytest.approx(chosen / seconds[chosen])
