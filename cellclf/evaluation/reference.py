"""Reference ranges: shares that a laboratory takes for usual, as its user gives them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellclf.errors import DataError, hint

__all__ = ["ReferenceRanges", "read_reference"]

PER_CENT = 100


class _File(BaseModel):
    """The file as it is written: shares in per cent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1)
    ranges: dict[str, tuple[float, float]] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class ReferenceRanges:
    """Ranges of shares, and where they come from.

    Attributes:
        source: Who says so, such as a laboratory's own procedure and its date.
        ranges: Lowest and highest usual share, 0 to 1, by class.
    """

    source: str
    ranges: Mapping[str, tuple[float, float]]

    def require(self, classes: Sequence[str]) -> None:
        """Make sure that every range is about a class that is counted.

        Raises:
            DataError: One is not.
        """
        for name in self.ranges:
            if name not in classes:
                raise DataError(
                    f"a reference range must be about one of {', '.join(classes)}. "
                    f"Received: {name!r}.{hint(name, classes)}"
                )

    def compared(self, name: str, low: float, high: float) -> str:
        """Say how a share with that interval lies to the range of its class.

        Args:
            name: The class.
            low: Lower limit of the interval of its share, 0 to 1.
            high: Upper limit.

        Returns:
            `below`, `within` or `above` where the whole interval is; otherwise `open`; empty where
            there is no range, or no interval.

        Example:
            >>> usual = ReferenceRanges(source="our own", ranges={"eosinophil": (0.01, 0.06)})
            >>> usual.compared("eosinophil", 0.08, 0.2), usual.compared("eosinophil", 0.02, 0.2)
            ('above', 'open')
        """
        if name not in self.ranges or low != low:
            return ""
        lowest, highest = self.ranges[name]
        if high < lowest:
            return "below"
        if low > highest:
            return "above"
        return "within" if lowest <= low and high <= highest else "open"


def read_reference(path: Path) -> ReferenceRanges:
    """Read reference ranges from a TOML file: a `source`, and shares in per cent under `ranges`.

        source = "Our procedure 12, adults, 2024"
        [ranges]
        eosinophil = [1, 6]

    Raises:
        DataError: There is no such file, or it says something else.
    """
    shape = 'source = "..." and, under [ranges], lines such as eosinophil = [1, 6]'
    try:
        written = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        what = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        raise DataError(f"{path} must say {shape}. Received: {what}") from error
    except ValueError as error:
        raise DataError(f"{path} must be TOML, and say {shape}. Received: {error}") from error
    if not written.source.strip():
        raise DataError(f"{path} must name the source of its ranges. Received: an empty `source`")
    for name, (low, high) in written.ranges.items():
        if not 0 <= low < high <= PER_CENT:
            raise DataError(
                f"a range in {path} must be two shares from 0 to {PER_CENT} %, the lower first. "
                f"Received: {name} = [{low:g}, {high:g}]"
            )
    return ReferenceRanges(
        source=written.source.strip(),
        ranges={
            name: (low / PER_CENT, high / PER_CENT) for name, (low, high) in written.ranges.items()
        },
    )
