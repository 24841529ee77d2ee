"""What a plugin may offer: frozen descriptions that name their heavy part by string.

A spec is cheap: making one imports no NumPy, OpenCV, Keras or TensorFlow. The work stands behind a
reference such as `"cellclf_vgg.network:build"`, imported when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from cellclf.errors import PluginError

__all__ = [
    "NAME_PATTERN",
    "AugmentationSpec",
    "CallbackContext",
    "CallbackSpec",
    "DatasetSpec",
    "EngineSpec",
    "MetricSpec",
    "ModelSpec",
    "NoParams",
    "Params",
    "PretrainedSpec",
    "Spec",
    "resolve",
]

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9_]*$")
REFERENCE_PATTERN = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
ADDRESS_PATTERN = re.compile(r"^[A-Za-z_][\w.]*:\w[\w./-]*$")


class Params(BaseModel):
    """Base of every plugin's parameters: typed, frozen, and strict about unknown names.

    Declare each parameter with a type, a default and `pydantic.Field(description=...)`;
    `cellclf plugins show` prints them and an experiment is checked against them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class NoParams(Params):
    """The parameters of something that has none."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What all kinds of spec share.

    Attributes:
        name: What an experiment calls it: lower-case letters, digits and `_`, a letter first.
        summary: One line for `cellclf plugins list`.
        params: The type of its parameters.
    """

    kind: ClassVar[str]
    references: ClassVar[tuple[str, ...]]

    name: str
    summary: str
    params: type[Params] = NoParams

    def __post_init__(self) -> None:
        if not NAME_PATTERN.fullmatch(self.name):
            raise PluginError(
                "`name` must be lower-case letters, digits and underscores, starting with a "
                f"letter. Received: name={self.name!r}"
            )
        if not isinstance(self.summary, str):
            raise PluginError(
                f"`summary` of {self.name!r} must be text. Received: {self.summary!r}"
            )
        if not (isinstance(self.params, type) and issubclass(self.params, Params)):
            raise PluginError(
                f"`params` of {self.kind} {self.name!r} must be a subclass of `cellclf.Params`. "
                f"Received: params={self.params!r}"
            )
        for field in self.references:
            reference = getattr(self, field)
            if reference is not None and not REFERENCE_PATTERN.fullmatch(reference):
                raise PluginError(
                    f"`{field}` of {self.kind} {self.name!r} must look like "
                    f"'package.module:function'. Received: {field}={reference!r}"
                )


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A way to read a labelled set of images.

    Attributes:
        load: Reference to `load(params, *, root: Path | None) -> Samples`. `root` is the folder or
            file given as `--data`; it is `None` only where `needs_path` is false.
        fetch: Reference to `fetch(params, *, root: Path, progress: Progress) -> None`, which puts
            the set under `root` so that `load` with the same `root` reads it; `cellclf fetch` and
            `cellclf.fetch` call it. Where it is `None`, `obtain` says what a person has to do.
        classes: Class names in the order of the network's outputs, where the set fixes them.
        licence: Licence of the images; empty where the user's own images are read.
        citation: How to cite the images.
        homepage: Where they are published.
        obtain: Where and how a person gets them, one or two sentences; part of the message where
            `load` finds nothing.
        synthetic: The images are rendered, not photographed; every report says so.
        needs_path: `load` reads from a place that the user names.
        quickstart: `"package:file.toml"`, an experiment that shows this set off in a few minutes.
    """

    kind: ClassVar[str] = "dataset"
    references: ClassVar[tuple[str, ...]] = ("load", "fetch")

    load: str
    fetch: str | None = None
    classes: tuple[str, ...] = ()
    licence: str = ""
    citation: str = ""
    homepage: str = ""
    obtain: str = ""
    synthetic: bool = False
    needs_path: bool = True
    quickstart: str | None = None


@dataclass(frozen=True, kw_only=True)
class AugmentationSpec(Spec):
    """A random change to one training image that leaves its label true.

    Attributes:
        apply: Reference to `apply(image, rng, params) -> image`: `uint8`, RGB,
            `(height, width, 3)` in and out, the same shape; the input is not changed, and the
            output is a function of the three arguments alone.
    """

    kind: ClassVar[str] = "augmentation"
    references: ClassVar[tuple[str, ...]] = ("apply",)

    apply: str


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """An architecture.

    Attributes:
        build: Reference to `build(params, *, input_shape, num_classes) -> keras.Model`, uncompiled,
            0-255 RGB in, float32 logits `(batch, num_classes)` out. The graph depends on the
            arguments alone; no weights are read. A layer `pixels` gives what the network sees after
            preprocessing, a layer `features` what the head sees; every layer with variables has an
            explicit name.
        pretrained: Reference to `pretrained(model, params) -> None`, which fills `model` with the
            weights that `params` asks for. Called before training, never when a bundle is loaded.
        starts_from: Reference to `starts_from(params) -> Path | None`, for an architecture whose
            `pretrained` can read a bundle: which one it would read. Imports nothing heavy. What
            that bundle was trained on is then kept out of what judges the new model.
        pixel_range: Smallest and largest value that the layer `pixels` gives for 0-255 input.
        channel_order: Order of the channels after the layer `pixels`.
        stages: Prefixes of layer names, the one nearest the output first: the order in which
            fine-tuning unfreezes them.
        explain_layer: The layer over whose activations Grad-CAM maps are drawn: at the top level,
            `(batch, height, width, channels)`, best the last of that kind.
        learning_rate: Peak learning rate for training from random weights, batch size 32.
        min_image_size: Smallest height and width in pixels that the network can take.
    """

    kind: ClassVar[str] = "model"
    references: ClassVar[tuple[str, ...]] = ("build", "pretrained", "starts_from")

    build: str
    pretrained: str | None = None
    starts_from: str | None = None
    pixel_range: tuple[float, float]
    channel_order: Literal["rgb", "bgr"] = "rgb"
    stages: tuple[str, ...] = ()
    explain_layer: str
    learning_rate: float = 1e-3
    min_image_size: int = 32


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A figure that judges predictions.

    Attributes:
        compute: Reference to `compute(y_true, y_prob, *, classes, sample_weight=None)`, which
            returns a float, or a mapping from names (class names, `"macro"`) to floats.
            `y_true` is int `(n,)`, `y_prob` float `(n, classes)`, `sample_weight` float `(n,)`.
            A metric with parameters of its own is given them as the keyword `params`.
        trials: Reference to `trials(y_true, y_prob, *, classes)`, for a metric whose figures are
            shares of samples. Returns two bool arrays `(n,)` by name, or by `""` where `compute`
            returns a float: which samples are hits, and which are counted. The figure is hits among
            counted, and its interval is then that of a share. A figure that it leaves out must be
            the mean of those that it names. Figures of a metric without it are resampled.
        batched: `compute` also takes `sample_weight` of shape `(resamples, n)` and then returns
            arrays of shape `(resamples,)`: many times quicker to resample.
        by_top_class: The probabilities count by the class that comes first alone. Equal samples are
            then put together before resampling, which is many times quicker again.
        limits: Smallest and largest value that its figures can have; `None` where there is none.
            Intervals stay within, and a figure outside is an error.
        higher_is_better: Whether more is better; the core does not make use of it yet.
    """

    kind: ClassVar[str] = "metric"
    references: ClassVar[tuple[str, ...]] = ("compute", "trials")

    compute: str
    trials: str | None = None
    batched: bool = False
    by_top_class: bool = False
    limits: tuple[float | None, float | None] = (None, None)
    higher_is_better: bool = True


@dataclass(frozen=True, kw_only=True)
class CallbackContext:
    """What a callback may know of the training that it watches: plain values alone.

    Attributes:
        label: What the run calls the model.
        architecture: Name of the architecture.
        run_directory: The run directory.
        training_folder: Folder in it for what is kept of this model's training; it exists. A
            callback that writes files does so in a folder of its own name below it.
        experiment: The experiment in full, as plain tables.
        classes: Class names in the order of the network's outputs.
        epochs: Most epochs that this training, or this phase of it, has.
        steps_per_epoch: Batches of one epoch.
        phase: Which phase of a recipe that has several, such as `head` or `unfrozen_1`; else empty.
    """

    label: str
    architecture: str
    run_directory: Path
    training_folder: Path
    experiment: Mapping[str, Any]
    classes: tuple[str, ...]
    epochs: int
    steps_per_epoch: int
    phase: str = ""


@dataclass(frozen=True, kw_only=True)
class CallbackSpec(Spec):
    """Something that watches a training: logs it, draws it, tells somebody.

    Attributes:
        make: Reference to `make(params, *, context: CallbackContext) -> keras.callbacks.Callback`,
            called once for each phase of each model's training, before its network is built. What
            it returns watches and changes nothing: one that stops the training, or changes what is
            trained, ends the run.
    """

    kind: ClassVar[str] = "callback"
    references: ClassVar[tuple[str, ...]] = ("make",)

    make: str


@dataclass(frozen=True, kw_only=True)
class EngineSpec(Spec):
    """A runtime that computes what a trained network gives.

    Attributes:
        convert: Reference to `convert(network, folder, params, *, metadata) -> None`, which writes
            a network into an empty folder in the runtime's own format. `network` is a
            `keras.Model` that takes `uint8` RGB `(batch, size, size, 3)`, named `images`, and
            gives float32 outputs by name; `metadata` is text by name, kept in the format where it
            has a place for that. Called once for each model; what it wrote is kept in the cache,
            and is what `cellclf export --format NAME` hands out.
        open: Reference to `open(folder, params) -> run`, where `run(images)` takes `uint8`
            `(n, size, size, 3)` for any `n` of at least 1, and returns a mapping from the names of
            the outputs to float32 arrays `(n, ...)`. Threads may call it at once. It imports no
            Keras, so that a network that is converted already answers at once.
        requires: Distributions, by pip's name, that it computes with: a network is converted anew
            when the version of one of them changes. Where one is not installed the engine is not
            available.
        file: Name of the file in the folder that opens it, such as `model.onnx`; empty where the
            folder itself does.
        format: What `cellclf export --format` calls what it writes, where that has another name
            than the engine, such as `onnx`.
        candidate: `--engine auto` may choose it.
    """

    kind: ClassVar[str] = "engine"
    references: ClassVar[tuple[str, ...]] = ("convert", "open")

    convert: str
    open: str
    requires: tuple[str, ...]
    file: str = ""
    format: str = ""
    candidate: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.format and not NAME_PATTERN.fullmatch(self.format):
            raise PluginError(
                f"`format` of engine {self.name!r} must be a name like that of the engine. "
                f"Received: format={self.format!r}"
            )


@dataclass(frozen=True, kw_only=True)
class PretrainedSpec(Spec):
    """A trained model that comes with a plugin: `cellclf predict NAME` works once it is installed.

    The three files are data of the plugin's package, named as `"package:folder/file"`. What the
    bundle holds is checked by its own digest whenever it is read. Its network is built by the
    plugin of its architecture, which the plugin's `dependencies` must name.

    Attributes:
        bundle: Address of the bundle, such as `"my_cells:shipped/my_cells.safetensors"`.
        card: Address of its model card, Markdown.
        experiment: Address of the experiment (TOML) that makes it again, without the place of the
            images.
        licence: Licence of the images that it was trained on.
        citation: How to cite them.
        homepage: Where they are published.
    """

    kind: ClassVar[str] = "pretrained"
    references: ClassVar[tuple[str, ...]] = ()

    bundle: str
    card: str
    experiment: str
    licence: str
    citation: str
    homepage: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("bundle", "card", "experiment"):
            address = getattr(self, field)
            if not isinstance(address, str) or not ADDRESS_PATTERN.fullmatch(address):
                raise PluginError(
                    f"`{field}` of {self.kind} {self.name!r} must look like "
                    f"'package:folder/file'. Received: {field}={address!r}"
                )


def resolve(reference: str) -> Callable[..., Any]:
    """Import what a reference such as `"package.module:function"` names.

    Raises:
        PluginError: The module does not import, or holds nothing of that name.
    """
    module_name, _, attribute = reference.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module_name), attribute)
    except Exception as error:
        raise PluginError(f"{reference!r} cannot be imported: {error}") from error
    if not callable(found):
        raise PluginError(f"{reference!r} must be a function. Received: {type(found).__name__}")
    return found
