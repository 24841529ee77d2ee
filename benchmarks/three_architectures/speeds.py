"""How many images a second the network of a finished run looks at, by Keras and by the fastest.

    python -m benchmarks.three_architectures.speeds RUN [--card]

The images are decoded already. What is found is written beside the run, as `speeds.json`; with
--card, what Keras does on the graphics card is added to it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.three_architectures.training import SPEEDS
from cellclf import load, prepare_backend
from cellclf.engines.engine import KERAS
from cellclf.engines.speed import measure
from cellclf.files import write_json
from cellclf.inference.classifier import Classifier
from cellclf.processors import processor_count
from cellclf.run_directory import read_json
from cellclf.terms import AUTO

ROUNDS = 3
"""The quickest of so many counts: other work can only slow an engine down."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--card", action="store_true")
    asked = parser.parse_args()
    file = asked.run / SPEEDS
    reference = load(asked.run, engine=KERAS, before_network=prepare_backend)
    if asked.card:
        write_json(file, {**read_json(file), "card": quickest(reference)})
        return
    chosen = load(asked.run, engine=AUTO, before_network=prepare_backend)
    rates = {chosen.engine.name: quickest(chosen), KERAS: quickest(reference)}
    engine = max(rates, key=lambda name: rates[name])
    found = {
        "processors": processor_count(),
        "keras": rates[KERAS],
        "fastest": rates[engine],
        "engine": engine,
    }
    write_json(file, found)
    print(found)


def quickest(classifier: Classifier) -> float:
    size = classifier.image_size
    return max(measure(classifier.engine, size).images_per_second for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
