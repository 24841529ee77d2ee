"""A bundle taken apart, and put together again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["NUMPY", "TYPES", "Parts", "Tensor", "framed"]

TYPES = {"F16": 2, "F32": 4, "F64": 8, "BF16": 2, "I8": 1, "I32": 4, "I64": 8, "U8": 1, "U64": 8}

NUMPY = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "|i1", "I32": "<i4", "I64": "<i8"} | {
    "U8": "|u1",
    "U64": "<u8",
    "BF16": "<V2",
}


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
