"""Fits that are there to be killed: for each folder on standard input, one in a process of its own.

The processes are forked off from one that has imported everything and computed nothing, because
importing takes longer than the fit.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from cellclf.progress import Silent
from cellclf.settings import TrainingSettings
from cellclf.training.checkpoint import values_of
from cellclf.training.feed import Batch
from cellclf.training.fit import fit
from tests.training.toy import Toy, toy_network, toy_problem

SETTINGS = TrainingSettings(epochs=4, batch_size=8, weight_decay=0.01)
RESULT = "result.npz"


class Slow:
    """The batches of the toy problem, so slowly that there is a checkpoint within each epoch."""

    def __init__(self, toy: Toy) -> None:
        self._batches = toy.batches()

    def __len__(self) -> int:
        return len(self._batches)

    def batch(self, number: int, epoch: int) -> Batch:
        time.sleep(0.1)
        return self._batches.batch(number, epoch)


def run(folder: Path) -> None:
    """Fit, or go on, in `folder`, and leave the numbers of the finished fit there."""
    toy, network = toy_problem(), toy_network()
    history = fit(
        network,
        Slow(toy),
        validation=toy.validation,
        settings=SETTINGS,
        learning_rate=0.02,
        directory=folder / "checkpoints",
        progress=Silent(),
        checkpoint_every=0,
    )
    variables: list[Any] = values_of(network.variables)
    table = history.table.drop(columns=["seconds", "images_per_second"]).to_numpy()
    np.savez(folder / RESULT, table, *variables)


def main() -> None:
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            run(Path(line.rstrip("\n")))
            os._exit(0)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
