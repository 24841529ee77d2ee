"""How soon one image is answered: by the command line, and by a classifier that is loaded.

    python benchmarks/predict_latency.py IMAGE [--rounds N]

The command is `cellclf predict BUNDLE IMAGE` with random weights of each architecture, from the
start of the interpreter to its end, when the engine was made ready before; it is held against
`python -c "import keras"` on TensorFlow. Each round runs both, one after the other; medians are
printed. A loaded classifier is asked for the pixels of one image 1,000 times, by Keras and by the
engine that `--engine auto` chose.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from predict_throughput import MODELS, run, timed

CALLS = 1000

ASKED = """
import sys, time
import numpy
from cellclf.data.decode import decode
from cellclf.inference.loading import load
from cellclf.network.backend import prepare_backend
bundle, image, engine, calls = sys.argv[1:]
classifier = load(bundle, engine=engine, before_network=prepare_backend)
pixels = decode(open(image, "rb").read())
for _ in range(10):
    classifier.predict_proba(pixels)
seconds = []
while len(seconds) < int(calls):
    began = time.perf_counter()
    classifier.predict_proba(pixels)
    seconds.append(time.perf_counter() - began)
median, late = (1000 * numpy.percentile(seconds, at) for at in (50, 99))
print(classifier.engine.name, f"{median:.2f} ms, 99th percentile {late:.2f} ms")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--models", nargs="*", default=MODELS, choices=MODELS)
    asked = parser.parse_args()
    keras = [sys.executable, "-c", "import keras"]
    with tempfile.TemporaryDirectory() as place:
        os.environ.setdefault("CELLCLF_CACHE", str(Path(place) / "cache"))
        for model in asked.models:
            make = f"import predict_throughput as b; b.made({model!r}, {place!r})"
            run([sys.executable, "-c", make])
            bundle = str(Path(place) / f"{model}.safetensors")
            command = [sys.executable, "-m", "cellclf", "predict", bundle, str(asked.image)]
            first = timed(command, None)
            rounds = [(timed(command, None), timed(keras, None)) for _ in range(asked.rounds)]
            ours, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
            print(
                f"{model}: {ours:.2f} s by the command line, {ours / theirs:.0%} of the "
                f"{theirs:.2f} s of importing Keras ({first:.1f} s when first used)",
                flush=True,
            )
            for engine in ("keras", "auto"):
                arguments = [bundle, str(asked.image), engine, str(asked.calls)]
                subprocess.run([sys.executable, "-c", ASKED, *arguments], check=True)


if __name__ == "__main__":
    main()
