"""Processes that train together on this machine's loopback, each on processors made up for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["launch", "needs_jax", "together"]

ROOT = Path(__file__).parent.parent
SECONDS = 280
LOOPBACK = "127.0.0.1"

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")


def launch(
    *arguments: Sequence[object], devices: int = 1, cwd: Path
) -> list[subprocess.CompletedProcess[str]]:
    """Run `python` with each of the lists of arguments, all at once, and wait for the last.

    Args:
        *arguments: One list a process.
        devices: Processors that each process is told it has.
        cwd: Where they run.
    """
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        address = f"{LOOPBACK}:{free.getsockname()[1]}"
    kept = {name: text for name, text in os.environ.items() if not name.startswith("KERAS_")}
    running = []
    for number, given in enumerate(arguments):
        env = kept | {
            "KERAS_BACKEND": "jax",
            "PYTHONPATH": str(ROOT),
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        }
        if len(arguments) > 1:
            env |= {
                "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
                "KERAS_DISTRIBUTION_NUM_PROCESSES": str(len(arguments)),
                "KERAS_DISTRIBUTION_PROCESS_ID": str(number),
                "JAX_COORDINATOR_BIND_ADDRESS": address,
            }
        running.append(
            subprocess.Popen(
                [sys.executable, *map(str, given)],
                cwd=cwd,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
            )
        )
    try:
        said = [process.communicate(timeout=SECONDS)[0] for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    return [
        subprocess.CompletedProcess(process.args, process.returncode, stdout)
        for process, stdout in zip(running, said, strict=True)
    ]


def together(*arguments: object, processes: int = 1, devices: int = 1, cwd: Path) -> None:
    """Run `python` with the same arguments in every process; all must succeed."""
    for done in launch(*[arguments] * processes, devices=devices, cwd=cwd):
        assert done.returncode == 0, done.stdout
