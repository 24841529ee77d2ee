"""How many processors this process may use, which in a container are fewer than the machine has."""

from __future__ import annotations

from functools import cache

__all__ = ["processor_count", "processor_model"]


@cache
def processor_count() -> int:
    """Return how many processors this process may use: at least 1.

    Affinity and the quota of a container count; the environment variable `LOKY_MAX_CPU_COUNT`
    lowers the number further.
    """
    # Imported here because it takes a third of a second, and not every command needs it.
    from joblib import cpu_count

    return int(cpu_count())


@cache
def processor_model() -> str:
    """Return what kind of processor this is, as the system calls it, with what it can do.

    Two machines of one model compute alike and as fast.
    """
    import platform
    from hashlib import sha256
    from pathlib import Path

    name, flags = platform.processor() or platform.machine(), ""
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        described = ""
    for line in described.splitlines():
        field, _, value = line.partition(":")
        if field.strip() == "model name":
            name = value.strip()
        elif field.strip() in ("flags", "Features"):
            flags = sha256(" ".join(sorted(value.split())).encode()).hexdigest()[:8]
            break
    return f"{name} {flags}".strip()
