"""Bundles changed in all the ways that damage or malice may change them, from a seed.

Some keep the digest that they had: then nothing that was changed may be taken for true. Others are
sealed anew, as an attacker would, so that what stands behind the digest is tried too: those can be
sound bundles that say something else.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tests.inference.mutated import bytes_changed, contents_changed, headers_changed
from tests.inference.mutated.mutation import Change, Mutation
from tests.inference.mutated.parts import Parts

__all__ = ["KINDS", "mutations"]

KINDS: Mapping[str, Change] = {
    "bits flipped": bytes_changed.bits,
    "bytes put in, taken out, replaced": bytes_changed.runs_of_bytes,
    "blocks copied or zeroed": bytes_changed.copied_blocks,
    "letters of the header": bytes_changed.letters_of_the_header,
    "cut, doubled, or another length said": bytes_changed.lengths,
    "offsets": headers_changed.offsets,
    "shapes": headers_changed.shapes,
    "types of tensors": headers_changed.types,
    "tensors swapped": contents_changed.swapped_tensors,
    "manifest": contents_changed.manifest,
    "a name twice in JSON": headers_changed.said_twice,
    "deep nesting, huge numbers": headers_changed.nested_or_huge,
    "files of holes": headers_changed.promises,
    "manifest, sealed anew": contents_changed.sealed_manifest,
    "thresholds, sealed anew": contents_changed.sealed_thresholds,
    "sizes of the network, sealed anew": contents_changed.sealed_sizes,
    "schema, sealed anew": contents_changed.sealed_schema,
    "tensors, sealed anew": contents_changed.sealed_tensors,
    "the same said otherwise": headers_changed.neutral,
}


def mutations(
    number: int, bases: Sequence[Parts], *, seed: int
) -> Iterator[tuple[Parts, Mutation]]:
    """Changed bundles, each with what it was made of: as many of each kind and of each bundle."""
    kinds = list(KINDS.items())
    for row in range(number):
        base = bases[row // len(kinds) % len(bases)]
        name, change = kinds[row % len(kinds)]
        rng = random.Random(f"{seed}/{row}")
        yield base, replace(change(rng, base), kind=name)
