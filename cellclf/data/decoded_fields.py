"""Whole fields decoded lately: many cells are cut from one, by several threads at once."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from cellclf.data.decode import decode

__all__ = ["decoded_field"]

HELD_BYTES = 64 << 20
"""Pixels kept: some seventy fields of 640 x 480, or the one large field that is being cut."""


class _DecodedFields:
    """Fields by the hash of their file, the one used last at the end.

    A field is decoded by the first thread that asks for it; others that ask meanwhile wait for it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.forget()

    def forget(self) -> None:
        """Start anew: a forked process has none of the threads that others would wait for."""
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Future[NDArray[np.uint8]]] = OrderedDict()

    def get(self, digest: str, content: bytes) -> NDArray[np.uint8]:
        with self._lock:
            field = self._held.get(digest)
            first = field is None
            if field is None:
                field = self._held[digest] = Future()
            self._held.move_to_end(digest)
        if first:
            self._decode(field, digest, content)
        return field.result()

    def _decode(self, field: Future[NDArray[np.uint8]], digest: str, content: bytes) -> None:
        try:
            pixels = decode(content)
            pixels.flags.writeable = False  # many threads see it
            field.set_result(pixels)
        except BaseException as error:
            with self._lock:
                self._held.pop(digest, None)
            field.set_exception(error)
            return
        with self._lock:
            self._shrink()

    def _shrink(self) -> None:
        """Let go of the oldest until the rest is small enough; the newest always stays."""
        ready = [(d, f.result().nbytes) for d, f in self._held.items() if f.done()]
        held = sum(size for _, size in ready)
        for digest, size in ready[:-1]:
            if held <= self._most_bytes:
                return
            del self._held[digest]
            held -= size


_fields = _DecodedFields(HELD_BYTES)
if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_fields.forget)


def decoded_field(digest: str, content: bytes) -> NDArray[np.uint8]:
    """Decode a field, or return what was decoded for the same file a moment ago.

    Any number of threads may ask; each field is decoded once, and up to 64 MiB of them are kept.

    Args:
        digest: Hash of `content`, which names the field.
        content: The whole file.

    Returns:
        What `decode` gives, `uint8`, `(height, width, 3)`, RGB, read-only.

    Raises:
        ImageError: As `decode`.
    """
    return _fields.get(digest, content)
