"""How far every engine, export format and backend is from the reference, Keras on TensorFlow.

    python benchmarks/engine_equality.py REAL_IMAGES [--images 500] [--size 128] [ARCHITECTURE ...]

REAL_IMAGES: a folder with one folder of images a class; as many are taken of each. The weights are
random from a fixed seed, but every layer's are scaled, or the statistics of its normalisation set,
to the images, so that activations neither vanish nor saturate. The bundle is calibrated and has
outlier scores. Every engine and every format that is installed is tried; a bundle that is made on
TensorFlow is also used on JAX, and the other way round, each in a process of its own.

Printed, as a Markdown table, are the largest difference of a probability, that of an outlier score
as a share of it (or of 1 if more), and how many images get another class.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import cellclf
from cellclf.data.decode import DECODE_VERSION
from cellclf.engines.conversion import opened
from cellclf.engines.formats import format_names, format_offer
from cellclf.engines.proof import Answers, differing, made_images
from cellclf.errors import EngineError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.outliers import OutlierScores
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.chunks import input_chunks
from cellclf.inference.finding import find_inputs
from cellclf.registry import Registry, installed
from cellclf.specs import EngineSpec, ModelSpec

if TYPE_CHECKING:
    import keras

ARCHITECTURES = ("custom_cnn", "efficientnet_b4", "vgg16")
SEED = 0
SCALED_ON = 64
"""Images that the weights are scaled to."""

SPREAD = 0.5
"""Standard deviation of the logits: probabilities neither alike nor all 0 and 1."""

LEAST_SPREAD = 0.01
"""Of each probability over the images, for a comparison to say something."""

TEMPERATURE = 1.7
Images = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    architecture: str
    what: str
    probabilities: float
    outlier_score: float
    images: int
    other_class: int

    def __str__(self) -> str:
        return (
            f"| `{self.architecture}` | {self.what} | {self.probabilities:.1e} | "
            f"{self.outlier_score:.1e} | {self.other_class} of {self.images} |"
        )


def evenly(folder: Path, number: int) -> list[Path]:
    """The first files of each class, as many of each."""
    by_class = [sorted(one.iterdir()) for one in sorted(folder.iterdir()) if one.is_dir()]
    turns = chain.from_iterable(zip_longest(*by_class))
    return [path for path in turns if path is not None][:number]


def read(files: Sequence[Path], size: int) -> Images:
    chunks = [*input_chunks(find_inputs(files), size=size, mode="stretch", length=64)]
    unreadable = {path: why for chunk in chunks for path, why in chunk.unreadable.items()}
    assert not unreadable, unreadable
    return np.concatenate([chunk.images for chunk in chunks])


def make_bundle(
    architecture: str, images: Images, labels: NDArray[np.intp], path: Path, registry: Registry
) -> None:
    """A bundle whose weights nobody trained, but which are of the size of trained ones."""
    import keras

    from cellclf.network.build import build, weights_of
    from cellclf.network.forward import Forward

    offer = registry.offer(ModelSpec, architecture)
    params = offer.spec.params()
    classes = tuple(f"class {number}" for number in np.unique(labels))
    keras.utils.set_random_seed(SEED)
    size = images.shape[1]
    model = build(offer.spec, params, image_size=size, num_classes=len(classes))
    # Made ones too, on which engines prove themselves: what is far from the statistics explodes.
    scale(model, np.concatenate([images[:SCALED_ON], made_images(size)]), images[:SCALED_ON])
    outputs = Forward(model)(images)
    spread = outputs.probabilities.std(axis=0)
    assert (spread > LEAST_SPREAD).all(), f"nearly the same is said of all images: {spread}"
    features = outputs.features
    outliers = OutlierScores.fitted(features, labels)
    assert outliers is not None, "features that do not differ"
    biases = np.linspace(-1, 1, len(classes))
    decision = Decision(
        calibration=Calibration(temperature=TEMPERATURE, biases=biases, samples=100),
        review=Review(target=0.9, threshold=0.6, accepted=0.5, bound=0.92),
        sets=ConformalSets(
            coverage=0.9, thresholds=np.zeros(len(classes)), samples=np.full(len(classes), 20)
        ),
    )
    manifest = BundleManifest(
        architecture=architecture,
        distribution=offer.distribution,
        distribution_version=offer.version,
        params=params.model_dump(mode="json"),
        classes=classes,
        image_size=size,
        resize="stretch",
        decode_version=DECODE_VERSION,
        synthetic=True,
    )
    write_bundle(path, manifest, weights_of(model), decision=decision, outliers=outliers.rounded())


def scale(model: keras.Model, images: Images, real: Images) -> None:
    """Bring what every layer gives to a spread of about one, and logits of `real` to `SPREAD`."""
    from cellclf.network.build import layers_of

    layers = [layer for top in model.layers for layer in layers_of(top)]
    normalisations = [layer for layer in layers if hasattr(layer, "moving_variance")]
    momenta = [layer.momentum for layer in normalisations]
    for layer in normalisations:
        layer.momentum = 0.0
    model(images, training=True)  # leaves the statistics of these images
    for layer, momentum in zip(normalisations, momenta, strict=True):
        layer.momentum = momentum
    kernels = [layer for layer in layers if hasattr(layer, "kernel")]
    for layer in kernels[:-1] if not normalisations else []:
        layer.kernel.assign(layer.kernel / given_by(model, layer, images).std())
    logits = given_by(model, kernels[-1], real)
    factor = SPREAD / logits.std(axis=0)
    kernels[-1].kernel.assign(kernels[-1].kernel * factor)
    kernels[-1].bias.assign(-logits.mean(axis=0) * factor)


def given_by(model: keras.Model, layer: keras.layers.Layer, images: Images) -> NDArray[np.float32]:
    import keras

    network = keras.Model(model.inputs[0], layer.output)
    return keras.ops.convert_to_numpy(network(images, training=False))


def answers(bundle: Path, images: Images, *, engine: str, registry: Registry) -> Answers:
    classifier = cellclf.load(bundle, engine=engine, registry=registry)
    table = classifier.predict(images)
    names = [f"p_{name}" for name in classifier.classes]
    return {
        "probabilities": table[names].to_numpy(np.float32),
        "outlier_score": table["outlier_score"].to_numpy(np.float32),
    }


def row(architecture: str, what: str, reference: Answers, given: Answers) -> Row:
    proof = differing(what, reference, given)
    first, second = (each["probabilities"].argmax(axis=1) for each in (reference, given))
    assert proof.outlier_score is not None
    return Row(
        architecture=architecture,
        what=what,
        probabilities=proof.probabilities,
        outlier_score=proof.outlier_score,
        images=proof.images,
        other_class=int((first != second).sum()),
    )


def of_engines(bundle: Path, images: Images, *, registry: Registry) -> Iterator[Row]:
    """Compare every engine with Keras."""
    reference = answers(bundle, images, engine="keras", registry=registry)
    for engine in registry.names(EngineSpec):
        try:
            given = answers(bundle, images, engine=engine, registry=registry)
        except EngineError as error:
            print(f"{bundle.stem}, engine {engine}: {error}", file=sys.stderr, flush=True)
            continue
        yield row(bundle.stem, f"engine `{engine}`", reference, given)


def of_formats(bundle: Path, images: Images, *, registry: Registry) -> Iterator[Row]:
    """Compare every format with Keras; the exports stay beside the bundle."""
    reference = answers(bundle, images, engine="keras", registry=registry)
    for name in format_names(registry):
        out = bundle.with_name(f"{bundle.stem}_{name}")
        try:
            cellclf.export(bundle, out, format=name, registry=registry)
        except EngineError as error:
            print(f"{bundle.stem}, format {name}: {error}", file=sys.stderr, flush=True)
            continue
        run = opened(format_offer(registry, name).spec, out)
        parts = [run(images[start : start + 64]) for start in range(0, len(images), 64)]
        given = {output: np.concatenate([part[output] for part in parts]) for output in reference}
        yield row(bundle.stem, f"format `{name}`", reference, given)


def between_backends(
    architecture: str, images: Images, labels: NDArray[np.intp], place: Path
) -> Iterator[Row]:
    """Use on each of two backends what was made on the other."""
    data = place / "images.npz"
    np.savez(data, images=images, labels=labels)
    for made, used in (("tensorflow", "jax"), ("jax", "tensorflow")):
        bundle = place / f"{architecture}_on_{made}.safetensors"
        on_backend(made, "make", architecture, data, bundle)
        first, second = (place / f"{architecture}_{name}.npz" for name in (made, used))
        for backend, out in ((made, first), (used, second)):
            on_backend(backend, "use", bundle, data, out)
        with np.load(first) as reference, np.load(second) as given:
            yield row(architecture, f"made on {made}, used on {used}", {**reference}, {**given})


def every_row(
    architecture: str, images: Images, labels: NDArray[np.intp], place: Path
) -> Iterator[Row]:
    registry = installed()
    bundle = place / f"{architecture}.safetensors"
    make_bundle(architecture, images, labels, bundle, registry)
    yield from of_engines(bundle, images, registry=registry)
    yield from of_formats(bundle, images, registry=registry)
    if find_spec("jax") is not None:
        yield from between_backends(architecture, images, labels, place)


def on_backend(backend: str, task: str, *arguments: object) -> None:
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, __file__, f"--{task}", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def child(task: str, first: str, data: str, out: str) -> None:
    cellclf.prepare_backend()
    with np.load(data) as stored:
        images, labels = stored["images"], stored["labels"]
    if task == "--make":
        make_bundle(first, images, labels, Path(out), installed())
    else:
        np.savez(out, **answers(Path(first), images, engine="keras", registry=installed()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("real_images", type=Path)
    parser.add_argument("architectures", nargs="*", default=ARCHITECTURES)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--size", type=int, default=128)
    given = parser.parse_args()
    cellclf.prepare_backend()
    files = evenly(given.real_images, given.images)
    images = read(files, given.size)
    labels = np.unique([file.parent.name for file in files], return_inverse=True)[1]
    print("| architecture | what | probability | outlier score | another class |")
    print("| --- | --- | --- | --- | --- |")
    for architecture in given.architectures:
        with tempfile.TemporaryDirectory() as folder:
            for line in every_row(architecture, images, labels, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--make"], ["--use"]):
        child(*sys.argv[1:])
    else:
        main()
