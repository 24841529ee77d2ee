"""Checks of what an engine promises in another process."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from cellclf.engines.conversion import CONVERTIBLE
from cellclf.engines.proof import made_images
from cellclf.engines.serving import served
from cellclf.network.backend import log_errors_alone
from cellclf.network.outputs import LOGITS
from cellclf.specs import EngineSpec, resolve
from cellclf.testing.engines.conversion import CLOSE, SIZE, Conversion, tiny
from cellclf.testing.processes import HEAVY, fresh, worker
from cellclf.testing.require import first_few, require
from cellclf.testing.sent import received, sent
from cellclf.testing.trial import UNUSUAL, Trial

__all__ = [
    "nothing_is_written_to_the_terminal",
    "opens_anywhere_without_keras",
    "written_to_the_terminal",
]

OPENED = f"""
import json, sys
from pathlib import Path
import numpy as np
from cellclf.specs import resolve
from cellclf.testing.sent import received

params, reference, folder, images, answers = json.loads(sys.argv[1])
given = resolve(reference)(Path(folder), received(params))(np.load(images))
np.savez(answers, **given)
print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))
"""

ASKED = f"{__name__}:written_to_the_terminal"


def opens_anywhere_without_keras(trial: Trial) -> None:
    """A fresh process opens the folder, moved to an unusual place, and imports no Keras."""
    assert isinstance(trial.spec, EngineSpec)
    conversion, place = trial.of(Conversion), trial.folder()
    moved = Path(shutil.copytree(conversion.folder, place / UNUSUAL))
    images = made_images(SIZE, 3)
    np.save(place / "images.npy", images)
    asked: list[Any] = [
        sent(trial.params),
        trial.spec.open,
        str(moved),
        str(place / "images.npy"),
        str(place / "answers.npz"),
    ]
    aside = place / "aside"
    conversion.folder.rename(aside)
    try:
        imported = fresh(OPENED, json.dumps(asked))
    finally:
        aside.rename(conversion.folder)
    require(
        not imported,
        f"`open` of {trial.subject} must not import {', '.join(HEAVY)}: a network that is "
        f"converted answers at once. Received: {', '.join(imported)}",
    )
    with np.load(place / "answers.npz") as answered:
        found, expected = answered[LOGITS], conversion.run(images)[LOGITS]
    require(
        CLOSE(found, expected),
        f"{trial.subject} must give the same in another process",
    )


def nothing_is_written_to_the_terminal(trial: Trial) -> None:
    """What a command prints is its result: a runtime has nothing to announce there."""
    assert isinstance(trial.spec, EngineSpec)
    lines = worker(CONVERTIBLE).ask(
        ASKED,
        convert=trial.spec.convert,
        open_folder=trial.spec.open,
        params=sent(trial.params),
        folder=str(trial.folder()),
    )
    require(
        not lines,
        f"{trial.subject} must write nothing to the terminal, neither to standard output nor to "
        f"standard error. Received: {first_few(lines)}",
    )


def written_to_the_terminal(
    convert: str, open_folder: str, params: list[Any], folder: str
) -> list[str]:
    """Convert a network, open it and let it answer; called in a worker process.

    Args:
        convert: Reference to the engine's `convert`.
        open_folder: Reference to its `open`.
        params: Its parameters, as they are sent.
        folder: Where to; empty.

    Returns:
        The lines that came to standard output and standard error meanwhile.
    """
    log_errors_alone()  # as on the command line
    network, parameters = served(tiny()), received(params)

    def computed() -> None:
        resolve(convert)(network, Path(folder), parameters, metadata={"model": "tiny"})
        resolve(open_folder)(Path(folder), parameters)(made_images(SIZE, 2))

    return _written_by(computed)


def _written_by(call: Callable[[], None]) -> list[str]:
    streams = {1: sys.stdout, 2: sys.stderr}
    kept = {number: os.dup(number) for number in streams}
    with TemporaryFile() as caught:
        for number in streams:
            os.dup2(caught.fileno(), number)
        try:
            call()
        finally:
            for number, stream in streams.items():
                stream.flush()
                os.dup2(kept[number], number)
                os.close(kept[number])
        caught.seek(0)
        return caught.read().decode("utf-8", "replace").splitlines()
