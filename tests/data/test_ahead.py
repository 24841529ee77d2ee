from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cellclf.data.ahead import map_ahead

THREADS = os.cpu_count() or 1


def test_no_more_items_are_taken_than_were_asked_for_ahead() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    with ThreadPoolExecutor(2) as pool:
        results = map_ahead(pool, float, items(), for_each_thread=3)
        for number in range(1, 20):
            assert next(results) == number
            assert taken == number + 3 * THREADS - 1


def test_what_the_work_raises_comes_in_its_place() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = map_ahead(pool, lambda x: 1 // x, [1, 0, 1], for_each_thread=1)
        assert next(results) == 1
        with pytest.raises(ZeroDivisionError):
            next(results)
