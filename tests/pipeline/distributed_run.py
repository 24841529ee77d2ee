"""A run for a process of its own: `distributed_run.py KIND OUT SEED`, in a folder with `cells`."""

from __future__ import annotations

import sys
from pathlib import Path

import cellclf
from cellclf.errors import CellclfError
from cellclf.network.backend import prepare_backend

prepare_backend()

from tests.tiny import TINY  # noqa: E402  after prepare_backend


def main() -> None:
    kind, out, seed = sys.argv[1:]
    cellclf.register(TINY)
    cellclf.run(
        data={"dataset": "image_folder", "path": "cells", "image_size": 16},
        models=["tiny_net"],
        training={"epochs": 2, "batch_size": 8, "distribution": kind},
        seed=int(seed),
        out=Path(out),
    )


if __name__ == "__main__":
    try:
        main()
    except CellclfError as error:
        sys.exit(str(error))
