"""What the exit status of a command means: the same for every command."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """How a command ended.

    Attributes:
        DONE: It did its work, and all is well.
        FAILED: The images, a file, a model or the machine do not allow it.
        USAGE: It was asked for wrongly: an option, a name, a setting.
        NOT_REACHED: It did its work, and a gate or a check is not reached.
        INTERRUPTED: A person stopped it: 128 + SIGINT, as shells have it.
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_REACHED = 3
    INTERRUPTED = 130
