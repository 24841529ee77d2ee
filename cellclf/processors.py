"""How many processors this process may use, which in a container are fewer than the machine has."""

from __future__ import annotations

from functools import cache

__all__ = ["processors"]


@cache
def processors() -> int:
    """Return how many processors this process may use: at least 1.

    Affinity and the quota of a container count; the environment variable `LOKY_MAX_CPU_COUNT`
    lowers the number further.
    """
    # Imported here because it takes a third of a second, and not every command needs it.
    from joblib import cpu_count

    return int(cpu_count())
