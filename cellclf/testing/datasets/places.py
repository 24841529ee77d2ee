"""What has to hold of a dataset wherever its files lie, packed or not, or not at all."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError
from cellclf.testing.datasets.contents import check_addresses
from cellclf.testing.datasets.loader import Loader
from cellclf.testing.require import first_few, require
from cellclf.testing.trial import UNUSUAL

__all__ = ["check_copy", "check_fewer_files", "check_refusals", "check_same", "check_zip"]


def check_same(loader: Loader, first: Samples, second: Samples, when: str) -> None:
    """Two readings of one set agree in everything but where the files lie."""
    require(
        first.classes == second.classes,
        f"{loader.name} must give the same classes {when}. "
        f"Received: {first.classes} and {second.classes}",
    )
    require(
        first.notes == second.notes,
        f"{loader.name} must give the same `Samples.notes` {when}: a note must not say where the "
        f"files lie. Received: {first.notes} and {second.notes}",
    )
    require(
        len(first) == len(second),
        f"{loader.name} must give the same samples {when}. "
        f"Received: {len(first)} and {len(second)} samples",
    )
    for one, other in zip(first, second, strict=True):
        require(
            _told(one) == _told(other),
            f"{loader.name} must give the same samples in the same order {when}: neither an id nor "
            "the order may depend on the place, the file system or the day. "
            f"Received: {one} and {other}",
        )
    require(
        _same_pixels(first, second), f"{loader.name} must give the same `Samples.images` {when}"
    )


def _told(sample: Sample) -> tuple[object, ...]:
    """What a sample says of itself, but for the place of its file."""
    return sample.id, sample.label, sample.index, sample.box, dict(sample.groups), sample.split


def _same_pixels(first: Samples, second: Samples) -> bool:
    if first.images is None or second.images is None:
        return first.images is second.images
    return np.array_equal(first.images, second.images)


def check_copy(loader: Loader, samples: Samples, root: Path, scratch: Path) -> None:
    """A copy under an unusual name gives the same samples, and is left as it is.

    The copy is written in reverse order, so that a file system that lists by age lists otherwise.
    """
    place = scratch / UNUSUAL
    copy = _copied(root, place / "copy" if root.is_dir() else place)
    before = _listing(copy)
    again = loader.load(copy)
    check_same(loader, samples, again, "for a copy of the files in another place")
    check_addresses(loader, again, copy)
    after = _listing(copy)
    require(
        before == after,
        f"`load` of {loader.name} must leave the files as they are: they may be on a medium that "
        f"cannot be written to. Received: a change in {sorted(before ^ after)[:1]}",
    )


def _copied(root: Path, place: Path) -> Path:
    place.mkdir(parents=True)
    if root.is_file():
        return Path(shutil.copy2(root, place))
    for path in sorted(root.rglob("*"), reverse=True):
        target = place / path.relative_to(root)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return place


def check_fewer_files(loader: Loader, samples: Samples, root: Path, scratch: Path) -> int:
    """Without every other image, those that are left keep their labels, groups and parts.

    Returns:
        How many are left; 0 where the set is not read without them, which is its right.
    """
    copy = _copied(root, scratch / "fewer")
    named = {sample.path for sample in samples if sample.member is None and sample.path is not None}
    for path in sorted(named)[::2]:
        (copy / Path(path).relative_to(root)).unlink()
    try:
        fewer = loader.function(loader.params, root=copy)
    except DataError:
        return 0
    before = {sample.id: sample for sample in samples}
    kept = [(before[sample.id], sample) for sample in fewer if sample.id in before]
    moved = [
        f"{one.id!r} as {_meant(one)} and then {_meant(other)}"
        for one, other in kept
        if _meant(one) != _meant(other)
    ]
    require(
        not moved,
        f"every sample of {loader.name} must keep its label, groups and part when other files are "
        f"taken away: they belong to the file, not to its place in a list. "
        f"Received: {first_few(moved)}",
    )
    return len(kept)


def _meant(sample: Sample) -> tuple[object, ...]:
    return sample.label, dict(sample.groups), sample.split


def _listing(root: Path) -> set[tuple[str, int, int]]:
    paths = [root, *root.rglob("*")]
    status = ((path, path.stat()) for path in paths)
    return {(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in status}


def check_zip(loader: Loader, samples: Samples, root: Path, scratch: Path) -> None:
    """A zip file of the folder gives the same samples, and a damaged one is refused."""
    packed = scratch / f"{UNUSUAL}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root))
    again = loader.load(packed)
    check_same(loader, samples, again, "for a zip file of the folder")
    for sample in again:
        require(
            sample.path is not None and Path(sample.path) == packed,
            f"the samples of a zip file of {loader.name} must have its path, and their name in it "
            f"as `member`: nothing is unpacked. Received: {sample}",
        )
    damaged = scratch / "damaged.zip"
    damaged.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    loader.refusal(damaged, "a damaged zip file")


def check_refusals(loader: Loader, scratch: Path) -> None:
    """What holds no set is refused by a message that says which place, and how to get the set."""
    for place, what in _places_without(scratch):
        said = loader.refusal(place, what)
        require(
            str(place) in said,
            f"`load` of {loader.name} must name the place when it refuses {what}: {place}. "
            f"Received: {said!r}",
        )
        require(
            loader.spec.obtain in said,
            f"`load` of {loader.name} must say how to get the images when it refuses {what}: "
            f"`obtain` of its spec, {loader.spec.obtain!r}. Received: {said!r}",
        )


def _places_without(scratch: Path) -> Iterator[tuple[Path, str]]:
    yield scratch / "not there", "a folder that does not exist"
    empty = scratch / "empty"
    empty.mkdir()
    yield empty, "an empty folder"
    note = scratch / "a note.txt"
    note.write_text("This is no set of images.", encoding="utf-8")
    yield note, "a file of another kind"
