"""Bundles changed in all the ways that damage or malice may change them, from a seed.

Some keep the digest that they had: then nothing that was changed may be taken for true. Others are
sealed anew, as an attacker would, so that what stands behind the digest is tried too: those can be
sound bundles that say something else.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

__all__ = ["KINDS", "Mutation", "Parts", "mutations"]

ALIGNMENT = 8
TYPES = {"F16": 2, "F32": 4, "F64": 8, "BF16": 2, "I8": 1, "I32": 4, "I64": 8, "U8": 1, "U64": 8}
NUMPY = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "|i1", "I32": "<i4", "I64": "<i8"} | {
    "U8": "|u1",
    "U64": "<u8",
    "BF16": "<V2",
}

NESTED: Any = []
for _ in range(600):
    NESTED = [NESTED]

HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 10**400, 0.0, 1.5, -1.5, 1e300, 1e-300),
    *(float("nan"), float("inf"), float("-inf")),
    *("", "x", "1", "true", "\ud800", "\x1b[31m", "a\nb", "\x00", "\u202e", "x" * 100_000),
    *("__import__('os').system('touch ran')", "os:system", "tests.inference.trap:spring"),
    *(
        "../../../../etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:9/",
        "tests.inference.trap",
    ),
    *([], {}, [[]], [0] * 10_000, [None], {"": 0}, {"x" * 1000: 1}, {"__class__": "os.system"}),
    NESTED,
)


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """What a header says of a tensor, and its bytes."""

    name: str
    dtype: str
    shape: list[int]
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A bundle taken apart."""

    manifest: dict[str, Any]
    tensors: tuple[Tensor, ...]
    digest: str
    content: bytes

    @classmethod
    def of(cls, content: bytes) -> Parts:
        """Take a sound bundle apart."""
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        entry = json.loads(header.pop("__metadata__")["cellclf"])
        tensors = []
        for name, told in header.items():
            begin, end = (start + offset for offset in told["data_offsets"])
            tensors.append(
                Tensor(
                    name=name, dtype=told["dtype"], shape=told["shape"], content=content[begin:end]
                )
            )
        return cls(
            manifest=entry["manifest"],
            tensors=tuple(tensors),
            digest=entry["digest"],
            content=content,
        )

    def sealed(self) -> str:
        """The digest that fits, as docs/explanation/bundle.md has it."""
        tensors = sorted(self.tensors, key=lambda tensor: tensor.name)
        told = [[tensor.name, NUMPY[tensor.dtype], tensor.shape] for tensor in tensors]
        text = json.dumps(
            [self.manifest, told], sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        for tensor in tensors:
            digest.update(tensor.content)
        return digest.hexdigest()

    def header(self, digest: str) -> dict[str, Any]:
        """The header as JSON."""
        entry = json.dumps({"digest": digest, "manifest": self.manifest})
        header: dict[str, Any] = {"__metadata__": {"cellclf": entry}}
        start = 0
        for tensor in self.tensors:
            end = start + len(tensor.content)
            header[tensor.name] = {
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "data_offsets": [start, end],
            }
            start = end
        return header

    def body(self) -> bytes:
        """The numbers."""
        return b"".join(tensor.content for tensor in self.tensors)

    def file(self, *, digest: str) -> bytes:
        """Put together again."""
        return framed(json.dumps(self.header(digest)), self.body())


def framed(header: str, body: bytes) -> bytes:
    """A file of a header and what follows."""
    text = header.encode()
    return len(text).to_bytes(8, "little") + text + body


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A changed bundle.

    Attributes:
        kind: Of which kind the change is.
        content: The file.
        sparse: Length that the file is stretched to, by nothing that takes room on a disk.
        sealed: The digest fits: the file can be a sound bundle that says something else.
        same: The file says what it said before; it must be read.
    """

    kind: str = ""
    content: bytes
    sparse: int = 0
    sealed: bool = False
    same: bool = False


Change = Callable[[random.Random, Parts], Mutation]


def bits(rng: random.Random, base: Parts) -> Mutation:
    content = bytearray(base.content)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return Mutation(content=bytes(content))


def runs_of_bytes(rng: random.Random, base: Parts) -> Mutation:
    content = base.content
    for _ in range(rng.randint(1, 4)):
        place, length = rng.randrange(len(content)), rng.choice((0, 1, 2, 4, 8, 64))
        put = rng.randbytes(rng.choice((0, length, length, 1, 4, 8)))
        content = content[:place] + put + content[place + length :]
    return Mutation(content=content)


def copied_blocks(rng: random.Random, base: Parts) -> Mutation:
    content = bytearray(base.content)
    length = rng.choice((4, 16, 64, 256, 512))
    source, target = (rng.randrange(len(content) - length) for _ in range(2))
    block = content[source : source + length] if rng.random() < 0.7 else bytes(length)
    content[target : target + length] = block
    return Mutation(content=bytes(content))


def letters_of_the_header(rng: random.Random, base: Parts) -> Mutation:
    end = 8 + int.from_bytes(base.content[:8], "little")
    content = bytearray(base.content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        content[rng.randrange(8, end)] = rng.choice(b'0123456789-+.eE{}[]":, \\/nulltrefas\x00\xff')
    return Mutation(content=bytes(content))


def lengths(rng: random.Random, base: Parts) -> Mutation:
    content = base.content
    if rng.random() < 0.5:
        at = rng.randrange(len(content))
        return Mutation(content=content[:at] if rng.random() < 0.7 else content + content[:at])
    said = int.from_bytes(content[:8], "little")
    new = rng.choice(
        (0, 1, 2, said - 1, said + 1, said + 8, len(content), 2**22, 2**31, 2**32, 2**63, 2**64 - 1)
    )
    return Mutation(content=new.to_bytes(8, "little") + content[8:])


def _described(rng: random.Random, base: Parts, key: str, values: Callable[[Any], Any]) -> Mutation:
    """One entry of the header changed, the numbers as they were."""
    header = base.header(base.digest)
    name = rng.choice([tensor.name for tensor in base.tensors])
    header[name][key] = values(header[name][key])
    return Mutation(content=framed(json.dumps(header), base.body()))


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


KINDS: Mapping[str, Change] = {
    "bits flipped": bits,
    "bytes put in, taken out, replaced": runs_of_bytes,
    "blocks copied or zeroed": copied_blocks,
    "letters of the header": letters_of_the_header,
    "cut, doubled, or another length said": lengths,
    "offsets": offsets,
    "shapes": shapes,
    "types of tensors": types,
    "tensors swapped": swapped_tensors,
    "manifest": manifest,
    "a name twice in JSON": said_twice,
    "deep nesting, huge numbers": nested_or_huge,
    "files of holes": promises,
    "manifest, sealed anew": sealed_manifest,
    "thresholds, sealed anew": sealed_thresholds,
    "sizes of the network, sealed anew": sealed_sizes,
    "schema, sealed anew": sealed_schema,
    "tensors, sealed anew": sealed_tensors,
    "the same said otherwise": neutral,
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


def _again(rng: random.Random, text: str, name: str) -> str:
    """JSON text in which a name that stands in it stands in the same object once more."""
    spot = f'"{name}": '
    place = text.find(spot)
    if place < 0:
        return "{" + f'"{name}": 0, "{name}": 0, ' + text[1:]
    return text[:place] + spot + rng.choice(("0", "{}", '"x"', "[]", "null")) + ", " + text[place:]
