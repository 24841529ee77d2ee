"""A Ray cluster of two nodes on one machine, each with its own processes, address and folder.

The node that is not the head can be killed, raylet and workers, as when a machine loses its power.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

HEAD, OTHER = "127.0.0.1", "127.0.0.2"
"""Addresses of the loopback: a program that connects tells the nodes apart by them."""

OBJECT_STORE_BYTES = 128 << 20
START_SECONDS = 120
END_SECONDS = 30
SECONDS_BETWEEN_LOOKS = 0.2

READY = "Ray runtime started."

RAY = (sys.executable, "-c", "from ray.scripts.scripts import main; main()")


class TwoNodes:
    """Two nodes of one processor each; a context, which nothing of them outlives.

    Attributes:
        address: What a program connects to.
        environment: Environment variables of such a program: the cluster has a token of its own.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        self.address = f"{HEAD}:{_free_port()}"
        token = Path(self._folder.name, "token")
        token.write_text(secrets.token_hex(32))
        authentication = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
        self.environment = {**os.environ, **authentication}
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            port = self.address.rpartition(":")[2]
            head = ("--head", f"--port={port}", "--include-dashboard=false")
            self._start(HEAD, *head, f"--temp-dir={self._folder.name}/head")
            self._start(OTHER, f"--address={self.address}", f"--temp-dir={self._folder.name}/other")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def kill_other(self) -> int:
        """Kill all processes of the node that is not the head, and return how many there were."""
        return _kill(self._nodes.pop(OTHER))

    def _start(self, address: str, *options: str) -> None:
        command = [
            *RAY,
            "start",
            "--block",
            "--disable-usage-stats",
            "--num-cpus=1",
            f"--node-ip-address={address}",
            f"--object-store-memory={OBJECT_STORE_BYTES}",
            *options,
        ]
        with self._log(address).open("wb") as log:
            self._nodes[address] = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        self._wait(address)

    def _wait(self, address: str) -> None:
        """Wait until a node says that it is ready."""
        log, node = self._log(address), self._nodes[address]
        ends = time.monotonic() + START_SECONDS
        while READY not in log.read_text():
            if node.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"a node does not start:\n{log.read_text()}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _log(self, address: str) -> Path:
        return Path(self._folder.name, f"{address}.log")

    def _end(self) -> None:
        for node in self._nodes.values():
            _kill(node)
        self._nodes = {}
        self._folder.cleanup()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HEAD, 0))
        port: int = one.getsockname()[1]
        return port


def _kill(node: subprocess.Popen[bytes]) -> int:
    processes = _of_session(node.pid)
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    node.wait(END_SECONDS)
    return len(processes)


def _of_session(leader: int) -> list[int]:
    """Processes of a session, which stay in it when the one that started them has ended."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            _, _, _, session, *_ = status.read_text().rpartition(")")[2].split()
            if int(session) == leader:
                found.append(int(status.parent.name))
    return found
