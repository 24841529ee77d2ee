"""Settings in words: of what kind, within which limits, and values as a user writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

__all__ = ["default_in_words", "kind_in_words", "toml_value"]

LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

KINDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}

SEVERAL = {
    "text": "texts",
    "whole number": "whole numbers",
    "number": "numbers",
    "path": "paths",
    "true or false": "true or false values",
}


def kind_in_words(field: FieldInfo) -> str:
    """Say what may be written for a setting.

    Example:
        >>> from pydantic import BaseModel, Field
        >>> class Settings(BaseModel):
        ...     columns: tuple[str, ...] = ("group",)
        ...     degrees: float = Field(180.0, ge=0, le=180)
        ...     mode: Literal["stretch", "pad"] | None = None
        >>> for field in Settings.model_fields.values():
        ...     print(kind_in_words(field))
        list of texts
        number, at least 0, at most 180
        "stretch" or "pad"
    """
    return ", ".join([_kind(field.annotation), *_limits(field)])


def default_in_words(field: FieldInfo) -> str:
    """Return what holds where a setting is not written: a value in TOML, `left out`, or `required`.

    Example:
        >>> default_in_words(FieldInfo(default=("group",))), default_in_words(FieldInfo())
        ('["group"]', 'required')
    """
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    return "left out" if default is None else toml_value(default)


def toml_value(value: Any) -> str:
    """Write a value as it stands on one line of TOML, and after `--set KEY=`.

    Example:
        >>> toml_value({"leave_out": ("ig", "not a cell"), "size": 64, "margin": 0.5})
        '{"leave_out" = ["ig", "not a cell"], "size" = 64, "margin" = 0.5}'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        inside = (f"{toml_value(key)} = {toml_value(inner)}" for key, inner in value.items())
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)  # the same quotes and escapes as in TOML
    return str(value)


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(map(toml_value, inner))
    if origin in (Union, UnionType):
        return " or ".join(_kind(one) for one in inner if one is not NoneType)
    if origin in (tuple, list):
        kind = _kind(inner[0])
        return f"list of {SEVERAL.get(kind, kind)}"
    if origin is dict or annotation is dict:
        return "table"
    if annotation is Any:
        return "any value"
    return KINDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _limits(field: FieldInfo) -> Iterator[str]:
    for constraint in field.metadata:
        for attribute, words in LIMITS.items():
            bound = getattr(constraint, attribute, None)
            if bound is not None:
                yield f"{words} {bound:,}" if isinstance(bound, int) else f"{words} {bound:g}"
