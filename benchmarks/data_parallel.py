"""Whether several devices and processes train what one device trains.

    python benchmarks/data_parallel.py

Twenty steps of a small network with normalisation and dropout, on JAX: on one device, on four
devices of one process, and on two processes that meet on this machine's loopback. The devices are
the processor, as often as it takes. Prints the losses of each epoch and their largest difference
from those of one device.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FIT = Path(__file__).parents[1] / "tests" / "training" / "distributed_fit.py"
LOOPBACK = "127.0.0.1"


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        alone = _losses("none", Path(place) / "alone", processes=1, devices=1)
        print(f"one device: losses {_said(alone)}")
        for name, processes, devices in (("four devices", 1, 4), ("two processes", 2, 1)):
            found = _losses(
                "data_parallel", Path(place) / name, processes=processes, devices=devices
            )
            largest = np.abs(found - alone).max()
            print(f"{name}: losses {_said(found)}; largest difference {largest:.1e}")


def _said(losses: np.ndarray) -> str:
    return ", ".join(f"{loss:.6f}" for loss in losses)


def _losses(kind: str, folder: Path, *, processes: int, devices: int) -> np.ndarray:
    """Losses of training and validation after each epoch."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        address = f"{LOOPBACK}:{free.getsockname()[1]}"
    running = []
    for number in range(processes):
        env = os.environ | {
            "KERAS_BACKEND": "jax",
            "PYTHONPATH": str(FIT.parents[2]),
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        }
        if processes > 1:
            env |= {
                "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
                "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes),
                "KERAS_DISTRIBUTION_PROCESS_ID": str(number),
                "JAX_COORDINATOR_BIND_ADDRESS": address,
            }
        command = [sys.executable, str(FIT), kind, str(folder)]
        running.append(subprocess.Popen(command, env=env, cwd=folder))
    statuses = [process.wait() for process in running]
    if any(statuses):
        raise SystemExit(f"{kind} with {processes} processes failed")
    with np.load(folder / "result-0.npz") as stored:
        return np.concatenate([stored["figures"][:, 0], stored["figures"][:, 2]])


if __name__ == "__main__":
    main()
