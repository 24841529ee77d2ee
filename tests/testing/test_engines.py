from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.builtin.engine_specs import ENGINES
from cellclf.specs import EngineSpec
from cellclf.testing.engines import check_engine

Given = dict[str, NDArray[Any]]
Change = Callable[[Given], Mapping[str, NDArray[Any]]]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], EngineSpec]:
    """An engine that computes with Keras itself, and then changes what came out."""

    def make(change: Change, file: str = "network") -> EngineSpec:
        module = ModuleType("engine_of_a_test")
        networks: list[keras.Model] = []

        def convert(network: keras.Model, folder: Path, params: Any, *, metadata: Any) -> None:
            networks.append(network)
            (folder / "network").touch()

        def open_network(folder: Path, params: Any) -> Callable[[NDArray[np.uint8]], Any]:
            def run(images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
                given = networks[-1](images, training=False)
                return change({name: np.asarray(array) for name, array in given.items()})

            return run

        module.convert = convert  # type: ignore[attr-defined]
        module.open_network = open_network  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EngineSpec(
            name="tried",
            summary="For tests",
            convert="engine_of_a_test:convert",
            open="engine_of_a_test:open_network",
            requires=(),
            file=file,
        )

    return make


def test_an_engine_that_keeps_the_contract_passes(engine: Callable[..., EngineSpec]) -> None:
    check_engine(engine(lambda given: given))


def test_the_engine_of_the_core_passes() -> None:
    for spec in ENGINES:
        check_engine(spec)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: {"rows": given["rows"]}, "outputs named"),
        (lambda given: {**given, "rows": given["rows"][:, :2]}, "float32 rows of shape"),
        (lambda given: {**given, "rows": given["rows"].astype(float)}, "float64"),
        (lambda given: {**given, "numbers": given["numbers"] * 1.01}, "numbers that differ"),
    ],
)
def test_an_engine_that_gives_something_else_is_told(
    engine: Callable[..., EngineSpec], change: Change, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        check_engine(engine(change))


def test_an_engine_that_does_not_write_its_file_is_told(
    engine: Callable[..., EngineSpec],
) -> None:
    spec = replace(engine(lambda given: given), file="model.bin")
    with pytest.raises(AssertionError, match=r"must write model\.bin"):
        check_engine(spec)
