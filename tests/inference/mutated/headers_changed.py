"""Changes of the header that stay JSON, or nearly so, and say of the file what is not true."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tests.inference.mutated.mutation import HOSTILE, Mutation
from tests.inference.mutated.parts import TYPES, Parts, framed

__all__ = ["nested_or_huge", "neutral", "offsets", "promises", "said_twice", "shapes", "types"]

ALIGNMENT = 8


def offsets(rng: random.Random, base: Parts) -> Mutation:
    other = rng.choice((*HOSTILE, -8, -1, 1, 4, 8, 2**40, 2**64))

    def changed(old: list[int]) -> Any:
        begin, end = old
        step = other if type(other) is int else 4
        return rng.choice(
            [
                *([begin + step, end + step], [begin, end + step], [begin + step, end]),
                *([end, begin], [begin, begin], [begin, other], [other, end], other),
                *([begin], [begin, end, end], [float(begin), end], [str(begin), end], []),
            ]
        )

    return _described(rng, base, "data_offsets", changed)


def shapes(rng: random.Random, base: Parts) -> Mutation:
    other = rng.choice((*HOSTILE, 2, 3, 10**9))

    def changed(old: list[int]) -> Any:
        place = rng.randrange(len(old))
        return rng.choice(
            [
                *([*old[:place], other, *old[place + 1 :]], [*old, other], [other, *old], other),
                *(old[:-1], old[::-1], [*old, 1], [1] * 100 + old, [0, *old], [0, 10**30]),
                *([2**32, 2**32], [-size for size in old], [float(size) for size in old]),
                *([2**20] * 60, [int(np.prod(old))], [10**4000] * 900),
            ]
        )

    return _described(rng, base, "shape", changed)


def types(rng: random.Random, base: Parts) -> Mutation:
    other = rng.choice((*HOSTILE, *TYPES, "f32", "F32 ", "BOOL", "C64", "F8_E4M3", "O", "object"))
    return _described(rng, base, "dtype", lambda _: other)


def _described(rng: random.Random, base: Parts, key: str, values: Callable[[Any], Any]) -> Mutation:
    """One entry of the header changed, the numbers as they were."""
    header = base.header(base.digest)
    name = rng.choice([tensor.name for tensor in base.tensors])
    header[name][key] = values(header[name][key])
    return Mutation(content=framed(json.dumps(header), base.body()))


def said_twice(rng: random.Random, base: Parts) -> Mutation:
    """A name twice in an object of JSON, of which readers may take either."""
    entry = json.dumps({"digest": base.digest, "manifest": base.manifest})
    header = json.dumps(base.header(base.digest))
    place = rng.randrange(4)
    if place == 0:
        name = rng.choice([*base.manifest, "digest", "filters", "review"])
        entry = _again(rng, entry, name)
    elif place == 1:
        entry = entry.replace('{"digest"', '{"manifest": {}, "digest"')
    parts = base.header(base.digest)
    parts["__metadata__"]["cellclf"] = entry
    header = json.dumps(parts)
    if place == 2:
        header = _again(rng, header, rng.choice(base.tensors).name)
    elif place == 3:
        header = _again(rng, header, rng.choice(("__metadata__", "dtype", "shape", "cellclf")))
    return Mutation(content=framed(header, base.body()))


def _again(rng: random.Random, text: str, name: str) -> str:
    """JSON text in which a name that stands in it stands in the same object once more."""
    spot = f'"{name}": '
    place = text.find(spot)
    if place < 0:
        return "{" + f'"{name}": 0, "{name}": 0, ' + text[1:]
    return text[:place] + spot + rng.choice(("0", "{}", '"x"', "[]", "null")) + ", " + text[place:]


def nested_or_huge(rng: random.Random, base: Parts) -> Mutation:
    """JSON that is deep, long, or holds numbers that are."""
    depth, digits = rng.choice((50, 150, 900, 5_000, 100_000)), rng.choice((20, 4000, 5000, 10**6))
    values = (
        "[" * depth + "]" * depth,
        '{"a":' * depth + "1" + "}" * depth,
        "9" * digits,
        "-" + "9" * digits,
        f"1e{'9' * min(digits, 300)}",
        "0." + "3" * digits,
        "[" + "[]," * (rng.choice((1_000, 1_000_000))) + "0]",
        '"' + "\\u0000" * digits + '"',
    )
    value = rng.choice(values)
    where = rng.randrange(4)
    header = base.header(base.digest)
    entry = json.dumps({"digest": base.digest, "manifest": base.manifest})
    if where == 0:
        text = json.dumps(header)[:-1] + f', "more": {value}}}'
    elif where == 1:
        text = json.dumps(header).replace('"shape": [3', f'"shape": [{value}', 1)
    else:
        spot = '"params": {' if where == 2 else '"manifest": {'
        header["__metadata__"]["cellclf"] = entry.replace(spot, f'{spot}"more": {value}, ', 1)
        text = json.dumps(header)
    return Mutation(content=framed(text, base.body()))


def promises(rng: random.Random, base: Parts) -> Mutation:
    """A file that is mostly holes, with a header that fits it."""
    size = rng.choice((2**29, *([2**30, 2**33, 2**36, 2**40] * 5)))
    header = base.header(base.digest)
    filled = len(base.body())
    name, kind = rng.choice(("weights/more", "outliers/means", "trained/images")), "U8"
    old = header.get(name)
    begin = filled if old is None else old["data_offsets"][0]
    if old is not None:
        header = {key: told for key, told in header.items() if key != name}
        header["weights/hole"] = old
        begin = filled
    header[name] = {"dtype": kind, "shape": [size], "data_offsets": [begin, begin + size]}
    start = framed(json.dumps(header), base.body())
    return Mutation(content=start, sparse=len(start) + size)


def neutral(rng: random.Random, base: Parts) -> Mutation:
    """Another file that says the same."""
    tensors = list(base.tensors)
    rng.shuffle(tensors)
    parts = replace(base, tensors=tuple(tensors))
    header = parts.header(base.digest)
    if rng.random() < 0.5:
        header["__metadata__"]["comment"] = rng.choice(("", "copied", "\u202e", "x" * 1000))
    items = list(header.items())
    rng.shuffle(items)
    text = json.dumps(
        dict(items),
        ensure_ascii=rng.random() < 0.5,
        indent=rng.choice((None, 1)),
        separators=rng.choice(((",", ":"), (", ", ": "))),
    )
    text += " " * rng.choice((0, 1, -len(text.encode()) % ALIGNMENT, 1000))
    return Mutation(content=framed(text, parts.body()), same=True)
