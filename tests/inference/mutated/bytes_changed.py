"""Changes of bytes, as damage makes them, whatever they stand for."""

from __future__ import annotations

import random

from tests.inference.mutated.mutation import Mutation
from tests.inference.mutated.parts import Parts

__all__ = ["bits", "copied_blocks", "lengths", "letters_of_the_header", "runs_of_bytes"]


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
