"""Changes of what a bundle says, with the digest that it had or, as by an attacker, sealed anew."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np

from tests.inference.mutated.mutation import HOSTILE, Mutation
from tests.inference.mutated.parts import TYPES, Parts

__all__ = [
    "manifest",
    "sealed_manifest",
    "sealed_schema",
    "sealed_sizes",
    "sealed_tensors",
    "sealed_thresholds",
    "swapped_tensors",
]


def swapped_tensors(rng: random.Random, base: Parts) -> Mutation:
    return Mutation(content=_swapped(rng, base).file(digest=base.digest))


def manifest(rng: random.Random, base: Parts) -> Mutation:
    return Mutation(content=_manifest_changed(rng, base).file(digest=base.digest))


def sealed_manifest(rng: random.Random, base: Parts) -> Mutation:
    return _sealed(_manifest_changed(rng, base))


def sealed_thresholds(rng: random.Random, base: Parts) -> Mutation:
    found = dict(base.manifest["thresholds"])
    name = rng.choice(sorted(found))
    if rng.random() < 0.3:
        del found[name]
    else:
        new = rng.choice((0, -1, -1e-9, 1e-300, 1e300, 2**53, 0.5, 2.5, None, "1", True, 10**400))
        found[name] = new if rng.random() < 0.8 else rng.choice(HOSTILE)
    return _sealed(replace(base, manifest={**base.manifest, "thresholds": found}))


def sealed_sizes(rng: random.Random, base: Parts) -> Mutation:
    """What decides how large a network is."""
    new = rng.choice((0, 1, 2, 3, 5, 4096, 4097, 2**20, 2**31, 10**9, 10**12, 10**30, -1, 4.0))
    classes = [f"class {number}" for number in range(min(abs(int(new)), 10_001))]
    changed = rng.choice(
        (
            {"image_size": new},
            {"params": {**base.manifest["params"], "filters": new}},
            {"params": {**base.manifest["params"], "dropout": new}},
            {"params": {"filters": new, rng.choice(("weights", "x", "\x1b[2J")): "x"}},
            {"classes": classes},
            {"classes": base.manifest["classes"][:2]},
            {"classes": [*base.manifest["classes"][:2], base.manifest["classes"][0]]},
            {"confusion": [[new] * 4] * 3},
            {"confusion": [[1] * min(abs(int(new)), 10_000)] * 3},
        )
    )
    return _sealed(replace(base, manifest={**base.manifest, **changed}))


def sealed_schema(rng: random.Random, base: Parts) -> Mutation:
    now = base.manifest["schema_version"]
    other = rng.choice((0, -1, 1, 2, 3, 9, 2**31, 10**30, 1.0, "1", None, True, [1], now))
    changed = {**base.manifest, "schema_version": other}
    if rng.random() < 0.3:
        changed["calibrated"] = rng.choice((True, False, None, 1, "yes"))
    return _sealed(replace(base, manifest=changed))


def sealed_tensors(rng: random.Random, base: Parts) -> Mutation:
    tensors = list(base.tensors)
    place = rng.randrange(len(tensors))
    tensor = tensors[place]
    size = len(tensor.content)
    action = rng.randrange(9)
    if action == 0:  # a number that is none, or a very large one
        numbers = np.frombuffer(tensor.content, np.float32).copy()
        worst = (np.nan, np.inf, -np.inf, 3.4e38, -3.4e38)
        numbers[rng.randrange(len(numbers))] = rng.choice(worst)
        tensors[place] = replace(tensor, content=numbers.tobytes())
    elif action == 1:  # the same bytes taken for others
        kind = rng.choice([kind for kind, length in TYPES.items() if size % length == 0])
        tensors[place] = replace(tensor, dtype=kind, shape=[size // TYPES[kind]])
    elif action == 2:  # the same numbers in another shape
        number = size // TYPES[tensor.dtype]
        shape = rng.choice(([number], [1, number], [number, 1], tensor.shape[::-1]))
        tensors[place] = replace(tensor, shape=shape)
    elif action == 3:
        del tensors[place]
    elif action == 4:
        tensors[place] = replace(tensor, name=_name(rng, tensor.name))
    elif action == 5:
        tensors.append(replace(tensor, name=_name(rng, tensor.name)))
    elif action == 6:  # nothing, or a little more or less
        shape = rng.choice(([0], [], [2], [0, 4], [4, 0, 4], [64]))
        content = bytes(TYPES[tensor.dtype] * int(np.prod(shape, dtype=int)))
        tensors[place] = replace(tensor, shape=shape, content=content)
    elif action == 7:  # other numbers
        tensors[place] = replace(tensor, content=rng.randbytes(size))
    else:
        return _sealed(_swapped(rng, base))
    return _sealed(replace(base, tensors=tuple(tensors)))


def _sealed(parts: Parts) -> Mutation:
    return Mutation(content=parts.file(digest=parts.sealed()), sealed=True)


def _swapped(rng: random.Random, base: Parts) -> Parts:
    """Two tensors of one length change places."""
    tensors = list(base.tensors)
    pairs = [
        (first, second)
        for first in range(len(tensors))
        for second in range(first)
        if len(tensors[first].content) == len(tensors[second].content)
        and tensors[first].content != tensors[second].content
    ]
    first, second = rng.choice(pairs)
    one, other = tensors[first], tensors[second]
    tensors[first] = replace(one, content=other.content)
    tensors[second] = replace(other, content=one.content)
    return replace(base, tensors=tuple(tensors))


def _manifest_changed(rng: random.Random, base: Parts) -> Parts:
    """A value somewhere in the manifest replaced, taken away, or added."""
    changed = json.loads(json.dumps(base.manifest))
    here: Any = changed
    key: Any = rng.choice(list(here))
    while isinstance(here[key], dict | list) and here[key] and rng.random() < 0.6:
        here = here[key]
        key = rng.choice(list(here) if isinstance(here, dict) else range(len(here)))
    action = rng.random()
    if action < 0.7:
        here[key] = rng.choice(HOSTILE)
    elif action < 0.85:
        del here[key]
    elif isinstance(here, dict):
        names = ("extra", "__class__", "__reduce__", "", "x" * 10_000, "a\nb", "\ud800", "\x1b[2J")
        here[rng.choice(names)] = rng.choice(HOSTILE)
    else:
        here.append(rng.choice(HOSTILE))
    return replace(base, manifest=changed)


def _name(rng: random.Random, name: str) -> str:
    room, _, rest = name.partition("/")
    return rng.choice(
        (
            *(f"{name}/", f"{room}/", rest, f"{room}/../{rest}", f"/{name}", name.upper()),
            *(f"{room}/x", f"decision/{rest}", f"weights/{rest}", "", "\x1b[31m", "a\nb", "é"),
            *("__class__", "weights/__class__", "x" * 600, "../../tmp/ran", "outliers/more"),
        )
    )
