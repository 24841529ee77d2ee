"""What has to hold of the samples that a dataset gives, wherever they were read from."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from cellclf.data.reading import read_sample
from cellclf.data.samples import Sample, Samples
from cellclf.errors import ImageError
from cellclf.terms import PARTS
from cellclf.testing.datasets.loader import Loader
from cellclf.testing.require import first_few, require

__all__ = [
    "check_addresses",
    "check_classes",
    "check_groups",
    "check_ids",
    "check_images",
    "check_splits",
]

LEAST_CLASSES = 2


def check_classes(loader: Loader, samples: Samples) -> None:
    """Every sample has a class; each of two classes or more has samples, in the declared order."""
    require(
        len(samples.classes) >= LEAST_CLASSES,
        f"{loader.name} must give at least {LEAST_CLASSES} classes. Received: {samples.classes}",
    )
    unused = [name for name, count in samples.counts.items() if not count]
    require(
        not unused,
        f"every class of {loader.name} must have a sample; leave the others out of "
        f"`Samples.classes`. Received: no sample of {', '.join(unused)}",
    )
    bare = [sample.id for sample in samples.unlabelled]
    require(
        not bare,
        f"every sample of {loader.name} must have a label. Received: none for "
        f"{', '.join(bare[:3])}",
    )
    declared = loader.spec.classes
    if declared:
        expected = tuple(name for name in declared if name in samples.classes)
        require(
            samples.classes == expected,
            f"the classes of {loader.name} must be those of `DatasetSpec.classes`, in that order: "
            f"{', '.join(declared)}. Received: {', '.join(samples.classes)}",
        )


def check_ids(loader: Loader, samples: Samples) -> None:
    """Every id is the same on every system: relative, with `/`, composed letters, no `..`."""
    wrong = [repr(sample.id) for sample in samples if not _is_portable(sample.id)]
    require(
        not wrong,
        f"every id of {loader.name} must be a relative path with '/' between folders, without "
        "'.', '..', drives or empty steps, and with composed letters (Unicode NFC): "
        f"`path.relative_to(root).as_posix()`. Received: {first_few(wrong)}",
    )


def _is_portable(name: str) -> bool:
    steps = name.split("/")
    return (
        not PurePosixPath(name).is_absolute()
        and not PureWindowsPath(name).drive
        and "\\" not in name
        and not {"", ".", ".."} & set(steps)
        and unicodedata.is_normalized("NFC", name)
    )


def check_addresses(loader: Loader, samples: Samples, root: Path | None) -> None:
    """Every sample has a place of its own: a file below the root, or a row of the images."""
    seen: dict[tuple[object, ...], Sample] = {}
    for sample in samples:
        address = (sample.path, sample.index, sample.member, sample.box)
        first = seen.setdefault(address, sample)
        require(
            first is sample,
            f"every sample of {loader.name} must show something of its own: a path, member, index "
            f"or box that no other has. Received: the same for {first.id!r} and {sample.id!r}",
        )
        if sample.path is None:
            continue
        path = Path(sample.path)
        require(
            path.is_absolute(),
            f"the paths of {loader.name} must be absolute where `root` is. "
            f"Received: {sample.path!r}",
        )
        require(
            root is None or any(place in (path, *path.parents) for place in (root, root.resolve())),
            f"the paths of {loader.name} must lie below `root`, which was {root}. "
            f"Received: {sample.path!r}",
        )


def check_groups(loader: Loader, samples: Samples) -> None:
    """Kinds of group are identifiers, and a group that is given has a name."""
    kinds = {kind for sample in samples for kind in sample.groups}
    wrong = sorted(repr(kind) for kind in kinds if not str(kind).isidentifier())
    require(
        not wrong,
        f"the kinds of group of {loader.name} must be identifiers, such as 'patient'. "
        f"Received: {first_few(wrong)}",
    )
    nameless = [
        f"{kind}={group!r} of {sample.id!r}"
        for sample in samples
        for kind, group in sample.groups.items()
        if not (isinstance(group, str) and group and group == group.strip())
    ]
    require(
        not nameless,
        f"every group of {loader.name} must be text, not empty, without blanks around it; leave "
        f"out what is not known. Received: {first_few(nameless)}",
    )


def check_splits(loader: Loader, samples: Samples) -> None:
    """A division that is given divides: not all samples are in one part."""
    given = {sample.split for sample in samples}
    named = first_few(sorted(map(str, given)))
    require(
        given <= {None, *PARTS},
        f"the splits of {loader.name} must be among {', '.join(PARTS)}, or None. Received: {named}",
    )
    require(
        given == {None} or len(given) > 1,
        f"the given division of {loader.name} must have more than one part; where nothing is "
        f"divided, leave `split` out. Received: every sample in {named}",
    )


def check_images(loader: Loader, samples: Samples) -> None:
    """Every sample can be read, and gives an image."""
    images = samples.images
    require(
        images is None or (images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3),
        f"`Samples.images` of {loader.name} must be uint8, (n, height, width, 3). "
        f"Received: {None if images is None else (images.dtype, images.shape)}",
    )
    unreadable = []
    for sample in samples:
        try:
            read_sample(sample, images)
        except ImageError as error:
            unreadable.append(f"{sample.id}: {error}")
    require(
        not unreadable,
        f"every sample of {loader.name} must be a readable image. "
        f"Received: {first_few(unreadable)}",
    )
