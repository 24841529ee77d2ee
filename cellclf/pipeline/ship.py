"""From a finished run to the three files that a plugin ships: bundle, card and experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from cellclf.errors import DataError, ExperimentError, PluginError, Problem
from cellclf.experiment import Experiment, read_toml
from cellclf.files import replacing, write_text
from cellclf.inference.half import HalfBundle, half_bundle
from cellclf.inference.inputs import PathLike
from cellclf.pipeline.finished import FinishedRun
from cellclf.progress import Progress
from cellclf.registry import Registry
from cellclf.reporting.shipped_card import ShippedFacts, shipped_card
from cellclf.run_directory import RunDirectory
from cellclf.specs import NAME_PATTERN

__all__ = ["Shipped", "ship"]


NO_PLACES = ("card", "data.group_pattern")
"""Settings that may look like a place and are none: what a person says, and a pattern."""


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """What a plugin ships.

    Attributes:
        bundle: The trained model, kernels in float16.
        card: Its model card, Markdown.
        experiment: The experiment that makes it again, without the place of the images.
        half: How far its answers are from those of the run's own bundle.
    """

    bundle: Path
    card: Path
    experiment: Path
    half: HalfBundle

    def summary(self) -> str:
        """Say what was written, how large it is, and how far it is from the original."""
        files = (self.bundle, self.card, self.experiment)
        return "\n".join([self.half.summary(), *(f"Written: {path}" for path in files)])


def ship(
    run: FinishedRun | PathLike,
    folder: PathLike,
    *,
    name: str,
    licence: str,
    citation: str,
    homepage: str = "",
    other_laboratories: PathLike | None = None,
    images: PathLike | Iterable[PathLike] | None = None,
    registry: Registry | None = None,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Shipped:
    """Write the files of a `PretrainedSpec` from a run: its best model, with card and experiment.

    What the run could not know comes from its experiment's table `card`, see
    `cellclf.settings.CardSettings`; a run that is complete is reported anew when that is filled in.
    Files of an earlier call are replaced.

    Args:
        run: A complete run, or its directory.
        folder: Where to, such as `src/my_cells/shipped`; it is made.
        name: What the model is to be called.
        licence: Licence of the images that it was trained on.
        citation: How to cite them.
        homepage: Where they are published.
        other_laboratories: A Markdown file on how it does on images of other laboratories.
        images: Images to hold the smaller bundle against the run's own on; by default those of the
            validation part.
        registry: Where the architecture is looked for; the installed plugins by default.
        before_network: Called before Keras is imported; see `cellclf.load`.
        progress: Told of each step.

    Raises:
        RunError: There is no complete run, or the place cannot be written to.
        PluginError: `name` is none.
        ExperimentError: The experiment names a place of this machine besides that of the images.
        DataError: The validation images are not where they were, or a file cannot be read.
        BundleError: The answers in float16 would be others.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise PluginError(
            "`name` must be lower-case letters, digits and underscores, starting with a letter. "
            f"Received: name={name!r}"
        )
    finished = run if isinstance(run, FinishedRun) else FinishedRun(Path(run))
    directory, place = RunDirectory(finished.path), Path(folder)
    experiment = _portable(directory.experiment_file, finished.best)
    elsewhere = "" if other_laboratories is None else _text(Path(other_laboratories))
    bundle = place / f"{name}.safetensors"
    with replacing(bundle) as draft:
        half = half_bundle(
            finished.bundle(),
            draft,
            images=_validation_images(finished) if images is None else images,
            registry=registry,
            before_network=before_network,
            progress=progress,
        )
        size = draft.stat().st_size
    half = replace(half, path=bundle)
    facts = ShippedFacts(
        name=name,
        file=bundle.name,
        size=size,
        sha256=half.sha256,
        weights=_weights(half),
        licence=licence,
        citation=citation,
        homepage=homepage,
        elsewhere=elsewhere,
    )
    card = place / f"{name}.md"
    write_text(card, shipped_card(_text(directory.card_file), facts))
    written = place / f"{name}.toml"
    said = f"# What `{name}` came of: cellclf run {written.name} --data FOLDER"
    write_text(written, f"{said}\n{experiment.to_toml()}")
    return Shipped(bundle=bundle, card=card, experiment=written, half=half)


def _portable(file: Path, best: str) -> Experiment:
    """The experiment of the best model alone, without the place of the images."""
    raw = read_toml(file)
    raw.pop("out", None)
    raw.get("data", {}).pop("path", None)
    raw["models"] = {best: raw["models"][best]}
    places = [
        Problem(place=where, expected="must name no place of one machine", received=repr(text))
        for where, text in _texts(raw)
        if Path(text).is_absolute() or PureWindowsPath(text).is_absolute()
    ]
    if places:
        raise ExperimentError(places)
    return Experiment(**raw)


def _texts(setting: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a setting that may be a place, with its dotted name."""
    if isinstance(setting, str):
        yield where, setting
    elif isinstance(setting, list):
        for one in setting:
            yield from _texts(one, where)
    elif isinstance(setting, Mapping):
        for name, value in setting.items():
            inner = f"{where}.{name}" if where else name
            if inner not in NO_PLACES:
                yield from _texts(value, inner)


def _validation_images(run: FinishedRun) -> list[str]:
    table = run.predictions()
    paths = [str(path) for path in table[table["split"] == "validation"]["path"]]
    missing = [path for path in paths if not path or not Path(path).is_file()]
    if missing or not paths:
        raise DataError(
            "the validation images of the run must be where they were, or `images` must name "
            f"others. Received: {f'none at {missing[0]!r}' if missing else 'no such part'}"
        )
    return paths


def _weights(half: HalfBundle) -> str:
    said = [f"on {half.made_images.images:,} made images {half.made_images}"]
    if half.given_images is not None:
        said.insert(0, f"on {half.given_images.images:,} images {half.given_images}")
    return (
        "kernels in float16, computed in float32. Beside the float32 of the run: "
        f"{'; '.join(said)}."
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} must be a readable text file: {error}") from error
