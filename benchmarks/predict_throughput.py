"""How long a folder of 4,000 JPEGs takes to become a CSV file: cellclf, Keras and Ultralytics.

    python benchmarks/predict_throughput.py PBC [--peer ENVIRONMENT/bin/python] [--rounds N]
    python benchmarks/predict_throughput.py PBC --trained blood_cells

PBC is the folder of JPEGs as published, 360x363; its files are linked to until there are 4,000.
`--peer` is the Python of an environment with `benchmarks/requirements.txt`; without it Ultralytics
is left out. Time is wall clock of whole commands, from the start of the interpreter; every round
runs each command once, one after the other, and the median of the rounds is printed.

- cellclf: `cellclf predict BUNDLE FOLDER --out new.csv`. The first call, which makes the engine
  ready, is printed by itself.
- Keras: `keras.utils.image_dataset_from_directory` and `model.predict`, the same network with the
  same weights loaded from a `.keras` file, 128 px, batches of 32, answers written by pandas.
- Ultralytics: `yolo classify predict` with yolo11n-cls, random weights (what it finds takes no
  longer than with others), 128 px, `stream=True`, its answers written as CSV.

With `--trained`, a model that `cellclf predict` takes, such as `blood_cells`, is timed by itself.

Then decoding and the engine are timed alone on the same files, with all processors, and the rate of
the whole command is held against 1 / (time of one + time of the other).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGES = 4000
SIZE = 128
CLASSES = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "ig",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "platelet",
)
MODELS = ("custom_cnn", "efficientnet_b4", "vgg16")

KERAS = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, pandas
network, folder, out = sys.argv[1:]
model = keras.models.load_model(network)
data = keras.utils.image_dataset_from_directory(
    folder, labels=None, image_size=({size}, {size}), batch_size=32, shuffle=False, verbose=False
)
found = keras.ops.softmax(model.predict(data, verbose=0))
table = pandas.DataFrame(keras.ops.convert_to_numpy(found), columns={classes!r})
table.insert(0, "path", data.file_paths)
table.to_csv(out, index=False)
"""

YOLO = """
import csv, sys
from ultralytics import YOLO
network, folder, out = sys.argv[1:]
model = YOLO(network)
with open(out, "w", newline="") as file:
    rows = csv.writer(file)
    for result in model.predict(folder, imgsz={size}, device="cpu", verbose=False, stream=True):
        rows.writerow([result.path, *result.probs.data.tolist()])
"""

MAKE_YOLO = """
import sys
from ultralytics import YOLO
YOLO("yolo11n-cls.yaml").save(sys.argv[1])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pbc", type=Path)
    parser.add_argument("--peer", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=MODELS[:2], choices=MODELS)
    parser.add_argument("--trained", default="")
    parser.add_argument("--engine", default="auto")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        os.environ.setdefault("CELLCLF_CACHE", str(work / "cache"))
        folder = linked(asked.pbc, work / "images")
        if asked.trained:
            out = work / "new.csv"
            ours = ours_for(asked.trained, folder, out, engine=asked.engine)
            sides = {"cellclf": ours}
            timed_sides(asked.trained, sides, folder, out, engine=asked.engine, rounds=asked.rounds)
            return
        yolo = made_yolo(asked.peer, work) if asked.peer else None
        for model in asked.models:
            compare(model, folder, work, engine=asked.engine, rounds=asked.rounds, yolo=yolo)


def compare(
    model: str,
    folder: Path,
    work: Path,
    *,
    engine: str,
    rounds: int,
    yolo: Callable[[Path], list[str]] | None,
) -> None:
    """Print the times of all sides for one architecture."""
    bundle, network = work / f"{model}.safetensors", work / f"{model}.keras"
    run([sys.executable, "-c", f"import predict_throughput as b; b.made({model!r}, {str(work)!r})"])
    out = work / "new.csv"
    ours = ours_for(str(bundle), folder, out, engine=engine)
    keras = KERAS.format(size=SIZE, classes=list(CLASSES))
    sides = {
        "cellclf": ours,
        "Keras": [sys.executable, "-c", keras, str(network), str(folder), str(work / "keras.csv")],
    }
    if yolo is not None and model == MODELS[0]:
        sides["Ultralytics yolo11n-cls"] = yolo(folder)
    timed_sides(str(bundle), sides, folder, out, engine=engine, rounds=rounds)


def ours_for(model: str, folder: Path, out: Path, *, engine: str) -> list[str]:
    """The command of cellclf that classifies a folder with a model."""
    ours = [sys.executable, "-m", "cellclf", "predict", model, str(folder)]
    return [*ours, "--out", str(out), "--engine", engine]


def timed_sides(
    model: str,
    sides: dict[str, list[str]],
    folder: Path,
    out: Path,
    *,
    engine: str,
    rounds: int,
) -> None:
    """Print the times of commands, that of cellclf first, and of its parts alone."""
    ours = sides["cellclf"]
    print(f"\n{Path(model).stem}: first call of cellclf {timed(ours, out):.1f} s", flush=True)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, command in sides.items():
            seconds[name].append(timed(command, out))
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, median in medians.items():
        ratio = median / medians["cellclf"]
        print(f"  {name}: {median:.1f} s, {IMAGES / median:.0f} images/s, {ratio:.2f} times")
    alone = [sys.executable, __file__, "--alone", model, str(folder), engine]
    parts = json.loads(run(alone).splitlines()[-1])
    decoding, computing = parts["decoding"], parts["computing"]
    best = 1 / (decoding + computing)
    print(
        f"  alone: decoding {1000 * decoding:.2f} ms, {parts['engine']} {1000 * computing:.2f} ms "
        f"an image; the command has {IMAGES / medians['cellclf'] / best:.0%} of "
        f"{best:.0f} images/s, and {parts['start']:.1f} s of it are the start"
    )


def alone(bundle: str, folder: str, engine: str) -> None:
    """Time decoding and the engine, each by itself, on all processors."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    from cellclf.data.reading import read_square
    from cellclf.data.samples import Sample
    from cellclf.inference.loading import load
    from cellclf.network.backend import prepare_backend
    from cellclf.processors import processor_count

    classifier = load(bundle, engine=engine, before_network=prepare_backend)
    files = sorted(Path(folder).iterdir())
    one = [sys.executable, "-m", "cellclf", "predict", bundle, str(files[0])]
    start = timed([*one, "--engine", engine], None)

    def read(path: Path) -> np.ndarray:
        sample = Sample(id=str(path), label="", path=str(path))
        return read_square(sample, None, size=SIZE, mode="stretch").image

    with ThreadPoolExecutor(processor_count()) as pool:
        list(pool.map(read, files[:200]))
        began = time.perf_counter()
        images = np.stack(list(pool.map(read, files)))
        decoding = (time.perf_counter() - began) / len(files)
    length = classifier.engine.batch_size
    classifier.engine(images[:length])
    began = time.perf_counter()
    for row in range(0, len(images), length):
        classifier.engine(images[row : row + length])
    computing = (time.perf_counter() - began) / len(images)
    name = classifier.engine.name
    found = {"decoding": decoding, "computing": computing, "engine": name, "start": start}
    print(json.dumps(found))


def made(model: str, place: str) -> None:
    """Write one network with random weights as a bundle and as a file of Keras."""
    from cellclf.network.backend import prepare_backend

    prepare_backend()
    import keras

    from cellclf.data.decode import DECODE_VERSION
    from cellclf.inference.bundle import BundleManifest, write_bundle
    from cellclf.network.build import build, weights_of
    from cellclf.registry import installed
    from cellclf.specs import ModelSpec

    keras.utils.set_random_seed(0)
    offer = installed().offer(ModelSpec, model)
    params = offer.spec.params()
    network = build(offer.spec, params, image_size=SIZE, num_classes=len(CLASSES))
    plain(network).save(Path(place) / f"{model}.keras")
    manifest = BundleManifest(
        architecture=model,
        distribution=offer.distribution,
        distribution_version=offer.version,
        params=params.model_dump(mode="json"),
        classes=CLASSES,
        image_size=SIZE,
        resize="stretch",
        decode_version=DECODE_VERSION,
    )
    write_bundle(Path(place) / f"{model}.safetensors", manifest, weights_of(network))


def plain(network: Any) -> Any:
    """Return the same network of layers of Keras alone, as somebody without cellclf has it."""
    import keras

    def cloned(layer: Any) -> Any:
        if isinstance(layer, keras.layers.BatchNormalization):
            return keras.layers.BatchNormalization.from_config(layer.get_config())
        return type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=cloned)
    copy.set_weights(network.get_weights())
    return copy


def linked(pbc: Path, folder: Path) -> Path:
    """Fill a folder with links to the files of the set, over and over."""
    folder.mkdir()
    files = sorted(pbc.rglob("*.jpg"))
    for number in range(IMAGES):
        file = files[number % len(files)]
        (folder / f"{number:05d}.jpg").symlink_to(file.resolve())
    return folder


def made_yolo(peer: str, work: Path) -> Callable[[Path], list[str]]:
    """Write a network of Ultralytics; return what makes the command that predicts with it."""
    network = work / "yolo11n-cls.pt"
    os.environ["YOLO_OFFLINE"] = "true"
    run([peer, "-c", MAKE_YOLO, str(network)])
    code = YOLO.format(size=SIZE)
    return lambda folder: [peer, "-c", code, str(network), str(folder), str(work / "yolo.csv")]


def timed(command: list[str], out: Path | None) -> float:
    """Seconds that a command takes; what it writes is removed before."""
    if out is not None:
        for left in out.parent.glob(f"{out.stem}*"):
            if left.is_file():
                left.unlink()
    began = time.perf_counter()
    run(command)
    return time.perf_counter() - began


def run(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)[:200]}\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(*sys.argv[2:])
    else:
        main()
