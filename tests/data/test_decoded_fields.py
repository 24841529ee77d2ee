from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from cellclf.data.decode import decode
from cellclf.data.decoded_fields import _DecodedFields, decoded_field
from cellclf.errors import ImageError
from tests.data.image_files import encoded, picture

FIELDS = [encoded(Image.fromarray(picture(40, 50, seed=seed)), "PNG") for seed in range(6)]
BYTES = 40 * 50 * 3


def test_a_field_is_decoded_once_for_all_threads_and_cannot_be_written_to() -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: decoded_field("one field", FIELDS[0]), range(100)))
    assert len({id(field) for field in seen}) == 1
    np.testing.assert_array_equal(seen[0], decode(FIELDS[0]))
    with pytest.raises(ValueError, match="read-only"):
        seen[0][0] = 0


def test_every_thread_gets_its_own_field_however_few_are_kept() -> None:
    fields = _DecodedFields(2 * BYTES)
    wanted = [n % len(FIELDS) for n in range(300)]
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda n: fields.get(str(n), FIELDS[n]), wanted))
    for number, field in zip(wanted, seen, strict=True):
        np.testing.assert_array_equal(field, decode(FIELDS[number]))
    assert sum(fields.get(digest, b"").nbytes for digest in list(fields._held)) <= 2 * BYTES


def test_the_field_that_is_being_cut_is_kept_however_large() -> None:
    fields = _DecodedFields(BYTES // 2)
    assert fields.get("a", FIELDS[0]) is fields.get("a", FIELDS[0])
    fields.get("b", FIELDS[1])
    assert list(fields._held) == ["b"]


def test_a_field_that_cannot_be_decoded_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ImageError, match="not an image"):
            decoded_field("damaged", b"hello")
