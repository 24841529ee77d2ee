"""The experiment to begin with for a folder of images, as TOML that says why of every setting."""

from __future__ import annotations

import os
import textwrap
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import tomli_w

from cellclf.beginning.calibrating import calibrating, highest_to_show
from cellclf.beginning.survey import DATASET, LEAST_UNITS, Survey
from cellclf.checking import plan
from cellclf.registry import Registry
from cellclf.settings import DataSettings, EvaluationSettings, SplitSettings, TrainingSettings
from cellclf.specs import ModelSpec
from cellclf.terms import NO_BREAK, counted, percent

__all__ = ["first_experiment"]

WIDTH = 98
SIDES = 16
"""Image sizes are multiples of this, as networks halve them several times."""

MOSTLY = 0.5

LOWER_TARGETS = (0.95, 0.9)
"""Accuracies to ask for where too few images are there to show the default one."""

RUNS = "runs"
"""The folder of all runs."""


def first_experiment(found: Survey, registry: Registry, *, preferred: Sequence[str] = ()) -> str:
    """Write an experiment for a folder.

    Args:
        found: What the folder holds.
        registry: What may be named.
        preferred: Networks to begin with, where they are on offer; else the first by name.

    Returns:
        TOML with comments, which is checked: it runs as it stands.

    Raises:
        ExperimentError: No architecture is installed.
    """
    models = _models(registry, preferred)
    text = "\n".join(
        [
            *_head(found),
            *_data(found, models),
            *_classes(found),
            *_split(found),
            *_networks(models),
            *_augmentation(found),
            *_training(),
            *_evaluation(found),
            *_card(),
        ]
    )
    plan(tomllib.loads(text), registry, source="the experiment that was written")
    return f"{text}\n"


def _head(found: Survey) -> Iterator[str]:
    classes, most = found.classes, found.largest
    least = min(classes, key=lambda name: classes[name])
    yield from _comment(
        f"An experiment for {found.folder.as_posix()}: {counted(found.images, 'image')} of "
        f"{counted(len(classes), 'class', 'classes')}, from {classes[least]:,} ({least}) to "
        f"{classes[most]:,} ({most})."
    )
    yield from _comment("Written by `cellclf init`. Next, with the name of this file:")
    yield "#     cellclf audit experiment.toml    # what makes results wrong, before learning"
    yield "#     cellclf run experiment.toml      # train, judge and report"
    yield from _comment(
        "What is commented out shows a default, or something that only some sets need. Every "
        'setting there is: page "Experiment" of the documentation.'
    )
    yield ""
    yield from _comment(
        "Decides every random choice: the same seed gives the same run. Another one shows how much "
        "is chance."
    )
    yield "seed = 0"
    yield ""
    yield from _comment(
        "The run directory: report, figures, predictions and models go there, and the same command "
        "goes on with a run that was stopped."
    )
    runs = _runs(found)
    if runs != RUNS:
        yield from _comment("Outside the images: pictures of a run would be read as a class.")
    yield _setting("out", f"{runs}/{_run_name(found)}")


def _data(found: Survey, models: list[ModelSpec]) -> Iterator[str]:
    yield ""
    yield "[data]"
    yield from _comment("One folder a class; `cellclf plugins list` has other ways to read a set.")
    yield _setting("dataset", DATASET)
    if not found.folder.is_absolute():
        yield from _comment("Relative to the folder in which the command is run.")
    yield _setting("path", found.folder.as_posix())
    yield ""
    yield from _size(found, models)
    yield ""
    yield from _groups(found)


def _size(found: Survey, models: list[ModelSpec]) -> Iterator[str]:
    default, sides = DataSettings().image_size, found.sides
    least = max((spec.min_image_size for spec in models[:1]), default=0)
    why = "Height and width in pixels that every image is brought to."
    if sides is None:
        yield from _comment(f"{why} No image could be looked at, so this is the default.")
        yield f"image_size = {default}"
        yield '# resize = "pad"'
        return
    size = max(least, min(default, -(-sides.median // SIDES) * SIDES))
    seen = f"Of {counted(sides.looked_at, 'image')} that were looked at, the longer side is "
    if sides.least == sides.most:
        seen += counted(sides.most, "pixel")
    else:
        seen += f"{sides.least} to {sides.most} pixels, the median {sides.median}"
    if size < default:
        chosen = "enlarging them further costs time and shows nothing that is not there."
    elif sides.median > size:
        chosen = "a larger size shows finer grain and takes longer, by its square."
    else:
        chosen = "this is the default."
    yield from _comment(f"{why} {seen}; {chosen}")
    yield f"image_size = {size}"
    shape = f"The sides of {percent(sides.oblong, digits=0)} of these differ by more than a tenth"
    if sides.oblong > MOSTLY:
        yield from _comment(
            f'{shape}: "pad" keeps the shape of the cells, "stretch" fills the square.'
        )
        yield _setting("resize", "pad")
    else:
        yield from _comment(f'{shape}: "stretch" fills the square, "pad" would keep the shape.')
        yield _setting("resize", "stretch")


def _groups(found: Survey) -> Iterator[str]:
    guess = found.groups
    yield from _comment(
        "Images of one patient, slide or field must not lie in two parts: a network that has seen "
        "the patient is not judged honestly on that patient."
    )
    if guess is None:
        yield from _comment(
            "The names of these files do not say what belongs together. If yours do in another "
            "way, name it by a regular expression over the path:"
        )
        yield r"# group_pattern = 'patient_(?P<patient>\d+)'"
        return
    said = (
        f"{guess.where[:1].upper()}{guess.where[1:]} has {guess.groups:,} values in these names, "
        f"such as {guess.example!r}"
    )
    setting = f"group_pattern = '{guess.pattern}'"
    if not guess.is_named:
        yield from _comment(f"{said}. If these are patients or slides, take the # away:")
        yield f"# {setting}"
    elif guess.fewest < LEAST_UNITS:
        yield from _comment(
            f"{said}, but one class has images of {guess.fewest} alone, and a division that keeps "
            f"them whole needs {LEAST_UNITS} of each class. Without it, figures may look better "
            "than they are on new patients; with more images, take the # away:"
        )
        yield f"# {setting}"
    else:
        yield from _comment(f"{said}, and each is kept in one part:")
        yield setting


def _classes(found: Survey) -> Iterator[str]:
    yield ""
    yield "[data.classes]"
    if found.too_small:
        yield from _comment(
            f"Classes with fewer than {LEAST_UNITS} images cannot be learnt and judged. Add "
            "images, or merge them with others by `rename`, and take them out of this list:"
        )
        yield _setting("leave_out", list(found.too_small))
    else:
        yield from _comment("Classes that are not to be learnt, by the names of their folders:")
        yield '# leave_out = ["artefact"]'
    yield from _comment("Other names for classes; two to one name are merged:")
    yield '# rename = { band = "neutrophil", segmented = "neutrophil" }'


def _split(found: Survey) -> Iterator[str]:
    shares = SplitSettings().fractions
    yield ""
    yield "[data.split]"
    if found.parts:
        given = ", ".join(f"{part} {count:,}" for part, count in found.parts.items())
        guess = found.groups
        if guess is not None and found.is_divided_anew:
            yield from _comment(
                f"The set comes divided ({given}), but {guess.divided:,} of its {guess.kind}s lie "
                "in more than one part, so that it would be judged on what it was trained on: it "
                "is divided anew."
            )
            yield "keep_given = false"
        else:
            yield from _comment(
                f"The set comes divided ({given}): that is kept. Parts that it does not come with "
                "are taken out of its training part."
            )
            yield "keep_given = true"
    smallest = found.classes[found.smallest]
    tested = round(smallest * shares["test"])
    yield from _comment(
        "Shares of the four parts; they must sum to 1. Weights are fitted on train, choices made "
        "on validation, thresholds set on calibration, and test is opened once, at the end."
        + (
            ""
            if found.parts
            else f" Of the smallest class, {found.smallest}, about {counted(tested, 'image')} of "
            f"{smallest:,} judge the model: the fewer, the wider the interval of its figures."
        )
    )
    for part, share in shares.items():
        yield f"{part} = {share}"


def _networks(models: list[ModelSpec]) -> Iterator[str]:
    yield ""
    if not models:
        return
    first, *others = models
    yield from _comment(
        f"{first.summary.rstrip('.')}. One network to begin with; what else it can be told: "
        f"cellclf plugins show {first.name}"
    )
    yield f"[models.{first.name}]"
    if others:
        yield ""
        yield from _comment(
            "Further networks, to be compared on the same images; each takes its own time, and "
            "large ones take long without a graphics card:"
        )
    for spec in others:
        yield f"# [models.{spec.name}]    # {spec.summary.rstrip('.')}"


def _augmentation(found: Survey) -> Iterator[str]:
    most, least = found.classes[found.largest], found.classes[found.smallest]
    views = len(found.learnt) * most / sum(found.learnt.values())
    yield ""
    yield "[augmentation]"
    if most == least:
        why = "All classes have the same number of images, so that nothing is to be made up for."
    else:
        why = (
            f"The largest class has {most / least:.1f} times the images of the smallest. "
            '"augment" shows turned and recoloured views of the smaller ones, which makes an '
            f"epoch {views:.1f} times as long; "
            '"weights" weighs the loss instead, "none" does nothing.'
        )
    yield from _comment(why)
    yield _setting("balance", "augment")
    yield from _comment(
        "Which changes, in their order; all of cellclf's where left out. Leave out what would "
        "change the truth of a label:"
    )
    yield '# steps = ["flip", "rotation", "brightness", "stain"]'


def _training() -> Iterator[str]:
    default = TrainingSettings()
    yield ""
    yield "[training]"
    yield from _comment(
        "At most so many passes over the images: training stops when validation no longer improves."
    )
    yield f"epochs = {default.epochs}"
    yield from _comment("Epochs without improvement before it stops.")
    yield f"patience = {default.patience}"
    yield from _comment("Images a step. Half of it where memory does not suffice.")
    yield f"batch_size = {default.batch_size}"
    yield from _comment("In place of a number of epochs: seconds that each model may train for.")
    yield "# time_budget = 600"


def _evaluation(found: Survey) -> Iterator[str]:
    yield ""
    yield "[evaluation]"
    yield from _comment(
        "What the best model must reach on the test part; `cellclf run` ends with status 3 where "
        "it does not:"
    )
    gate = f"sensitivity.{found.smallest} >= 0.95 (lower bound)"
    yield f"# {_setting('gates', [gate])}"
    yield from _target(found)


def _target(found: Survey) -> Iterator[str]:
    """The highest accuracy of answers that so many images can show."""
    default = EvaluationSettings().target_accuracy
    images, units = calibrating(found)
    yield from _comment(
        "Accuracy that answers must be shown to have to need no review by a person: the less sure "
        "ones are marked for review."
    )
    shown = highest_to_show((default, *LOWER_TARGETS), images, units)
    if shown == default:
        yield f"# target_accuracy = {default}"
        return
    more, of = "images", ""
    if found.groups is not None and found.keeps_groups:
        kind = found.groups.kind
        more, of = f"{kind}s", f", of {counted(units, kind)},"
    instead = "nor could they a lower one" if shown is None else "so less is asked for"
    yield from _comment(
        f"The calibration part has to show it. Its {images:,} images or so{of} could not show "
        f"{percent(default, digits=0)} if every answer were right, {instead}; more {more}, or a "
        "larger share of them for calibration, can."
    )
    yield f"# target_accuracy = {default}" if shown is None else f"target_accuracy = {shown}"


def _card() -> Iterator[str]:
    yield ""
    yield "[card]"
    yield from _comment("What only you know, for the model card; it changes no figure.")
    yield '# intended_use = "..."'
    yield '# patients = "..."'
    yield '# stain = "..."'
    yield '# scanner = "..."'
    yield '# labels = "..."'


def _models(registry: Registry, preferred: Sequence[str]) -> list[ModelSpec]:
    """Networks on offer under a name of their own, those that are preferred first."""
    names = [name for name in registry.names(ModelSpec) if registry.is_alone(ModelSpec, name)]
    names.sort(key=lambda name: name not in preferred)
    return [registry.get(ModelSpec, name) for name in names]


def _runs(found: Survey) -> str:
    """The folder of all runs: here, or beside the images where here is among them."""
    images, here = _images(found), Path.cwd()
    if images != here and images not in here.parents:
        return RUNS
    return Path(os.path.relpath(images.parent / RUNS, here)).as_posix()


def _run_name(found: Survey) -> str:
    stem = _images(found).stem
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in stem)
    return kept.strip("._") or "first"


def _images(found: Survey) -> Path:
    """Where the images are, whatever the name says of folders above."""
    return Path(os.path.normpath(found.folder.absolute()))


def _comment(text: str) -> Iterator[str]:
    # A name may hold signs that TOML allows in no comment.
    text = "".join(sign if sign.isprintable() or sign == NO_BREAK else "?" for sign in text)
    for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"


def _setting(name: str, value: str | list[str]) -> str:
    """Write a setting in one line."""
    if isinstance(value, str):
        return tomli_w.dumps({name: value}).strip()
    values = (_setting(name, one).partition(" = ")[2] for one in value)
    return f"{name} = [{', '.join(values)}]"
