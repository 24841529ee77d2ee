"""What the names of files suggest belongs together: patients, slides, or numbers that repeat."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cellclf.data.samples import Samples

__all__ = ["GroupGuess", "guess_groups"]

WORDS = {
    "patient": ("patient", "pat", "subject", "donor", "case"),
    "slide": ("slide", "smear"),
    "specimen": ("specimen", "sample"),
    "field": ("field",),
}
"""What a name may say that a number in it is, by what it is called here; the widest first."""

UNNAMED = (
    (r"(?P<group>[^/]+)/[^/]+$", "the folder below the class"),
    (r"(?:^|/)(?P<group>[A-Za-z]{1,3}\d+)(?=[A-Za-z_ -])[^/]*$", "how a name begins"),
    (r"(?:^|/)(?P<group>\d+)[_ -][^/]*$", "the number that a name begins with"),
)
"""Where groups often are in names that do not say so."""

IMAGES_A_GROUP = 2
"""Images that a group must have on the average: a part of a name that hardly repeats is none."""


@dataclass(frozen=True, kw_only=True)
class GroupGuess:
    """A part of the names that may say what belongs together.

    Attributes:
        pattern: Regular expression with a named group that matches every id.
        kind: What the group is called.
        where: Which part of the names it is, in words.
        is_named: The names themselves say what it is.
        groups: How many different ones there are.
        fewest: How many the class has that has fewest of them.
        divided: How many lie in more than one of the parts that the set comes with.
        example: One of them.
    """

    pattern: str
    kind: str
    where: str
    is_named: bool
    groups: int
    fewest: int
    divided: int
    example: str


def guess_groups(samples: Samples) -> GroupGuess | None:
    """Return what the ids suggest belongs together, or `None` where they suggest nothing.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> names = [f"{label}/patient{n % 3}_{n}.png" for label in ("ig", "mo") for n in range(9)]
        >>> cells = tuple(Sample(id=name, label=name[:2], path=name) for name in names)
        >>> found = guess_groups(Samples(samples=cells, classes=("ig", "mo")))
        >>> found.kind, found.groups, found.example
        ('patient', 3, 'patient0')
    """
    for pattern, kind, where, is_named in _candidates():
        search = re.compile(pattern).search
        found = [search(sample.id) for sample in samples]
        names = [match[kind] for match in found if match is not None]
        if len(names) < len(found) or not _repeats(names, samples):
            continue
        return _guess(samples, names, pattern=pattern, kind=kind, where=where, is_named=is_named)
    return None


def _candidates() -> Iterator[tuple[str, str, str, bool]]:
    for kind, words in WORDS.items():
        for word in words:
            pattern = rf"(?i)(?<![a-z])(?P<{kind}>{word}[ _-]?\d+)"
            yield pattern, kind, f"the number after {word!r}", True
    for pattern, where in UNNAMED:
        yield pattern, "group", where, False


def _repeats(names: list[str], samples: Samples) -> bool:
    """Whether names tell groups apart that have several images and are not simply the classes."""
    different = set(names)
    of_class = {(sample.label, name) for sample, name in zip(samples, names, strict=True)}
    is_label = len(of_class) == len(different) <= len(samples.classes)
    return 1 < len(different) <= len(names) / IMAGES_A_GROUP and not is_label


def _guess(
    samples: Samples, names: list[str], *, pattern: str, kind: str, where: str, is_named: bool
) -> GroupGuess:
    of_class: defaultdict[str, set[str]] = defaultdict(set)
    parts: defaultdict[str, set[str | None]] = defaultdict(set)
    for sample, name in zip(samples, names, strict=True):
        of_class[sample.label].add(name)
        parts[name].add(sample.split)
    return GroupGuess(
        pattern=pattern,
        kind=kind,
        where=where,
        is_named=is_named,
        groups=len(parts),
        fewest=min(map(len, of_class.values())),
        divided=sum(len(of) > 1 for of in parts.values()),
        example=names[0],
    )
