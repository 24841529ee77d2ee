"""Checks of what a dataset promises."""

from __future__ import annotations

import json
from collections import Counter

from cellclf.data.samples import Samples
from cellclf.specs import DatasetSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.datasets import contents, places
from cellclf.testing.datasets.listing import listed_backwards
from cellclf.testing.datasets.loader import Loader
from cellclf.testing.processes import HEAVY, fresh
from cellclf.testing.require import first_few, require
from cellclf.testing.sent import sent
from cellclf.testing.trial import Trial

__all__ = [
    "addresses_are_distinct",
    "classes_in_declared_order",
    "groups_are_named",
    "groups_stay_in_one_part",
    "ids_are_portable",
    "images_can_be_read",
    "labels_follow_their_files",
    "listing_order_does_not_matter",
    "loading_imports_nothing_heavy",
    "loading_twice_agrees",
    "place_does_not_matter",
    "publication_is_named",
    "samples_load",
    "splits_divide",
    "what_is_no_set_is_refused",
    "zip_file_agrees",
]

LOADED = f"""
import json, sys
from pathlib import Path
from cellclf.plugin_files import import_file, named_files
from cellclf.specs import resolve
from cellclf.testing.sent import received

params, load, root = json.loads(sys.argv[1])
for file in named_files():
    if file.stem in (params[0], load.partition(":")[0]):
        import_file(file)()
resolve(load)(received(params), root=None if root is None else Path(root))
print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))
"""


def loader(trial: Trial) -> Loader:
    """The dataset with its parameters."""
    assert isinstance(trial.spec, DatasetSpec)
    return Loader(spec=trial.spec, params=trial.params)


def samples(trial: Trial) -> Samples:
    """What the dataset gives, read once."""
    return trial.of(loader).load(trial.root)


def publication_is_named(trial: Trial) -> None:
    """Whoever uses a published set can find out whose it is, and where it comes from."""
    spec = trial.spec
    assert isinstance(spec, DatasetSpec)
    if not trial.published:
        raise InapplicableError(f"{trial.subject} reads the user's own images")
    wanted = ["licence", "citation"]
    if spec.needs_path:
        wanted += ["homepage", "obtain"]
    missing = [name for name in wanted if not getattr(spec, name).strip()]
    require(
        not missing,
        f"{trial.subject} is published and must say {', '.join(wanted)} in its spec; a set of the "
        "user's own images is checked with `published=False` (`--own-images`). "
        f"Received: no {', '.join(missing)}",
    )
    require(
        not spec.homepage or spec.homepage.startswith("https://"),
        f"`homepage` of {trial.subject} must start with 'https://'. Received: {spec.homepage!r}",
    )


def samples_load(trial: Trial) -> str:
    """The set is read; one sample of each class shows whether the label is what its name says."""
    assert isinstance(trial.spec, DatasetSpec)
    require(
        trial.root is not None or not trial.spec.needs_path,
        f"{trial.subject} reads files: give a `root` (`--root`) that holds some",
    )
    found = trial.of(samples)
    shown = {one.label: f"{one.label} is {one.id}" for one in reversed(found.samples)}
    such = first_few([shown[label] for label in found.classes if label in shown])
    return f"{len(found)} samples of {len(found.classes)} classes: {such}"


def classes_in_declared_order(trial: Trial) -> None:
    """Classes are as declared, and each has samples."""
    contents.check_classes(trial.of(loader), trial.of(samples))


def ids_are_portable(trial: Trial) -> None:
    """Ids are the same on every system."""
    contents.check_ids(trial.of(loader), trial.of(samples))


def groups_are_named(trial: Trial) -> str:
    """Groups are text; how many there are of a kind shows whether they are the right ones."""
    found = trial.of(samples)
    contents.check_groups(trial.of(loader), found)
    counts = Counter(kind for kind, _ in {group for one in found for group in one.groups.items()})
    return ", ".join(f"{kind}: {count} different" for kind, count in sorted(counts.items()))


def splits_divide(trial: Trial) -> None:
    """Parts are known ones."""
    contents.check_splits(trial.of(loader), trial.of(samples))


def groups_stay_in_one_part(trial: Trial) -> None:
    """A division that cuts a patient in two leaks, whoever published it."""
    part_of: dict[tuple[str, str], str] = {}
    crossing = []
    for sample in trial.of(samples):
        for kind, group in sample.groups.items():
            if sample.split is None:
                continue
            first = part_of.setdefault((kind, group), sample.split)
            if first != sample.split:
                crossing.append(f"{kind} {group!r} in {first} and {sample.split}")
    require(
        not crossing,
        f"the given division of {trial.subject} must keep every group in one part; leave `split` "
        f"out where the published division does not. Received: {first_few(crossing)}",
    )


def addresses_are_distinct(trial: Trial) -> None:
    """Every sample has a place of its own."""
    contents.check_addresses(trial.of(loader), trial.of(samples), trial.root)


def images_can_be_read(trial: Trial) -> None:
    """Every sample is an image."""
    contents.check_images(trial.of(loader), trial.of(samples))


def loading_twice_agrees(trial: Trial) -> None:
    """A second reading gives the same."""
    again = trial.of(loader).load(trial.root)
    places.check_same(trial.of(loader), trial.of(samples), again, "when it is loaded twice")


def listing_order_does_not_matter(trial: Trial) -> None:
    """File systems list a folder in an order of their own."""
    with listed_backwards():
        again = trial.of(loader).load(trial.root)
    when = "when folders list their files in another order: sort them"
    places.check_same(trial.of(loader), trial.of(samples), again, when)


def place_does_not_matter(trial: Trial) -> None:
    """A copy elsewhere gives the same."""
    if trial.root is None:
        raise InapplicableError(f"{trial.subject} reads no files")
    places.check_copy(trial.of(loader), trial.of(samples), trial.root, trial.folder())


def labels_follow_their_files(trial: Trial) -> str:
    """A label belongs to a file: others that are taken away do not change it."""
    found = trial.of(samples)
    root = trial.root
    if root is None or not root.is_dir() or all(one.member or one.path is None for one in found):
        raise InapplicableError(f"{trial.subject} reads no single files of a folder")
    kept = places.check_fewer_files(trial.of(loader), found, root, trial.folder())
    if not kept:
        raise InapplicableError(f"{trial.subject} is not read where files are missing")
    return f"tried without every other file: {kept} of {len(found)} samples were left"


def zip_file_agrees(trial: Trial) -> None:
    """A packed copy gives the same."""
    if not trial.zipped or trial.root is None:
        raise InapplicableError("not asked for: `zipped=True` (`--zipped`)")
    places.check_zip(trial.of(loader), trial.of(samples), trial.root, trial.folder())


def what_is_no_set_is_refused(trial: Trial) -> None:
    """Empty folders and foreign files are refused in words."""
    assert isinstance(trial.spec, DatasetSpec)
    if not trial.spec.needs_path:
        raise InapplicableError(f"{trial.subject} needs no files")
    places.check_refusals(trial.of(loader), trial.folder())


def loading_imports_nothing_heavy(trial: Trial) -> None:
    """A fresh interpreter loads the set: this one may have imported anything."""
    assert isinstance(trial.spec, DatasetSpec)
    load = trial.spec.load
    if load.partition(":")[0] == "__main__":
        raise InapplicableError("`load` is a script's or notebook's own")
    root = None if trial.root is None else str(trial.root)
    loaded = fresh(LOADED, json.dumps([sent(trial.params), load, root]))
    require(
        not loaded,
        f"`load` of {trial.subject} must not import {', '.join(HEAVY)}. "
        f"Received: {', '.join(loaded)}",
    )
