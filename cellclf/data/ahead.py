"""Work that a pool does a little ahead of whoever takes its results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from cellclf.processors import processor_count

__all__ = ["map_ahead"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    for_each_thread: int,
) -> Iterator[Result]:
    """Yield the results of `work` in the order of the items, as `map` does.

    `ThreadPoolExecutor.map` takes all items at once and keeps every result until it is taken: a
    whole set in memory. Here no more calls are waiting, running or not yet taken than the pool
    needs to be busy.

    Args:
        pool: What does the work.
        work: Called with each item.
        items: Taken as they are needed.
        for_each_thread: Calls at a time for each processor of the machine.

    Example:
        >>> with ThreadPoolExecutor() as pool:
        ...     list(map_ahead(pool, abs, [3, -2, 1], for_each_thread=1))
        [3, 2, 1]
    """
    ahead = for_each_thread * processor_count()
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
