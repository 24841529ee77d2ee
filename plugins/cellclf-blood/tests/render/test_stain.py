from __future__ import annotations

import numpy as np
from cellclf_blood.render.stain import ABSORPTION, Layer, Staining, dyes, paint

PLAIN = Staining(absorption=ABSORPTION.astype(np.float32), lamp=np.full(3, 200, dtype=np.float32))


def test_light_falls_tenfold_with_each_unit_of_optical_density() -> None:
    canvas = np.zeros((4, 1, 2), np.float32)
    canvas[1, 0, 1] = 1 / ABSORPTION[1, 0]
    red = PLAIN.light(canvas)[0, :, 0]
    np.testing.assert_allclose(red, [200, 20], rtol=1e-5)


def test_densities_of_substances_that_lie_over_one_another_add() -> None:
    amounts = np.array([0.3, 0.2, 0.5, 0.1], np.float32)
    separate = [
        PLAIN.light((amounts * (np.arange(4) == dye)).reshape(4, 1, 1).astype(np.float32)) / 200
        for dye in range(4)
    ]
    together = PLAIN.light(amounts.reshape(4, 1, 1)) / 200
    np.testing.assert_allclose(np.prod(separate, axis=0), together, rtol=1e-5)


def test_a_covering_layer_hides_what_lies_below_and_an_adding_one_does_not() -> None:
    canvas = np.ones((4, 2, 2), np.float32)
    full = np.ones((2, 2), np.float32)
    paint(canvas, [Layer(full, dyes(azure=0.5))])
    np.testing.assert_array_equal(canvas[:, 0, 0], [0.5, 0, 0, 0])
    paint(canvas, [Layer(full, dyes(azure=0.25, blue=1.0), adds=True)])
    np.testing.assert_array_equal(canvas[:, 0, 0], [0.75, 1, 0, 0])


def test_no_dye_bleaches_light() -> None:
    assert (ABSORPTION > 0).all()
    assert (Staining.of_one_slide(np.random.default_rng(0)).absorption > 0).all()
