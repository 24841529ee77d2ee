"""The toy problem and network, and one who hears of their training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras
import pytest

from tests.training.toy import Toy, toy_network, toy_problem


@dataclass
class Listener:
    """A `Progress` that remembers what it heard, and interrupts after some number of steps.

    `then` is called after each report.
    """

    interrupt_after: int | None = None
    then: Callable[[], None] | None = None
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: int = 0
    total: int = 0

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Listener]:
        self.total = total
        yield self

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.steps += steps
        self.notes.append(note)
        if self.interrupt_after is not None and self.steps >= self.interrupt_after:
            raise KeyboardInterrupt
        if self.then is not None:
            self.then()


@pytest.fixture(scope="session")
def toy() -> Toy:
    return toy_problem()


@pytest.fixture(scope="session")
def new_listener() -> type[Listener]:
    return Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="session")
def network() -> Callable[..., keras.Model]:
    return toy_network
