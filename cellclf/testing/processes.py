"""Other processes that checks look into: fresh ones, and one a backend that stays."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from tempfile import TemporaryFile
from typing import IO, Any

from cellclf.network.backend import QUIET

__all__ = ["HEAVY", "Worker", "fresh", "worker"]

HEAVY = ("jax", "keras", "tensorflow", "torch")
"""What nothing may import that is not about to compute with a network: it takes seconds."""

LONGEST_SAID = 600
"""Characters of another process's complaint that a message shows: the end, where the error is."""

ANSWERS = "cellclf.testing.answering"

SOON_COMPILED = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
"""What XLA is told in a worker: on JAX every initializer is compiled, and used once."""


def fresh(script: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run a script in a fresh interpreter and return what it prints last, read as JSON.

    Args:
        script: Python.
        arguments: Its `sys.argv[1:]`.
        environment: Variables besides those of this process.

    Raises:
        AssertionError: It fails.
    """
    done = subprocess.run(  # noqa: S603  our own interpreter, our own script
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**_environment(), **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr.strip()[-LONGEST_SAID:])
    return json.loads(done.stdout.splitlines()[-1])


def _environment() -> dict[str, str]:
    """The environment of a process that finds the same modules as this one."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONIOENCODING": "utf-8",
    }


class Worker:
    """A process with a backend of its own, which answers questions until this process ends.

    Starting one takes seconds, so that all checks share it.

    Args:
        backend: What `KERAS_BACKEND` is there.
    """

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._complaints: IO[bytes] = TemporaryFile()  # noqa: SIM115  as long as the process
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own module
            [sys.executable, "-m", ANSWERS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            env={
                **_environment(),
                **QUIET,
                "KERAS_BACKEND": backend,
                "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {SOON_COMPILED}".strip(),
            },
        )
        atexit.register(self.close)

    def ask(self, reference: str, **named: Any) -> Any:
        """Call a function there.

        Args:
            reference: `"package.module:function"`.
            named: Its arguments, which JSON can hold.

        Raises:
            AssertionError: It raised; the text says what.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([reference, named]) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self._complaints.seek(0)
            said = self._complaints.read().decode("utf-8", "replace").strip()[-LONGEST_SAID:]
            worker.cache_clear()
            raise AssertionError(f"a process with KERAS_BACKEND={self._backend} ended: {said}")
        answer = json.loads(line)
        if "raised" in answer:
            raise AssertionError(answer["raised"])
        return answer["returned"]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()
        self._complaints.close()


@cache
def worker(backend: str) -> Worker:
    """Return the process with that backend, started when it is first asked for."""
    return Worker(backend)
