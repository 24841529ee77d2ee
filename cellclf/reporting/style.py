"""How every figure looks: one quiet, colour-blind-safe style that leaves global settings alone."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.colors import LinearSegmentedColormap

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "OVERRIDING",
    "PALE",
    "PAPER",
    "RIGHT",
    "RIGHT_SHADES",
    "WRONG",
    "WRONG_SHADES",
    "house_style",
    "legible",
    "shortened",
    "wrapped",
]

INK = "#1d2733"
MUTED = "#5f6b7a"
PALE = "#b4bdc8"
GRID = "#e6eaef"
PAPER = "#ffffff"

# Blue and orange stay apart for every common kind of colour blindness, and in grey print.
RIGHT = "#1b6499"
WRONG = "#c2600c"
RIGHT_SHADES = LinearSegmentedColormap.from_list("right", ["#f3f7fa", "#8db8d6", "#0f4a78"])
WRONG_SHADES = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#f3b981", "#b04f00"])

SETTINGS: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALE,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlepad": 9,
    "figure.facecolor": PAPER,
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    # A cell goes into an SVG with its own pixels, not with the figure's.
    "image.composite_image": False,
    "image.interpolation": "none",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    # The same figure gives the same bytes.
    "svg.hashsalt": "cellclf",
    # Text stays text: a browser shapes every script, and the file is small.
    "svg.fonttype": "none",
    "text.color": INK,
    # A class may be called `$x_1$`; it is a name, not a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": PALE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "ytick.color": PALE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 9,
}


UNSHOWABLE = ("Cc", "Cs", "Zl", "Zp")
"""Categories of characters: controls, lone surrogates, ends of lines and paragraphs."""

OVERRIDING = "\u202a\u202b\u202c\u202d\u202e"
"""Characters that embed or override a direction of writing (Unicode, annex 9)."""


@contextmanager
def house_style() -> Iterator[None]:
    """Draw or save in the style of the reports, whatever the caller's own settings are.

    Matplotlib's warning about characters that no installed font holds is silenced: such a character
    is drawn as a box, and the name is spelt in full in the report's tables.

    Example:
        >>> import matplotlib
        >>> before = matplotlib.rcParams["axes.grid"]
        >>> with house_style():
        ...     assert matplotlib.rcParams["axes.grid"]
        >>> matplotlib.rcParams["axes.grid"] == before
        True
    """
    with matplotlib.style.context(["default", SETTINGS]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*[Gg]lyph.*")
        yield


def legible(text: object) -> str:
    r"""Return `text` on one line, with what cannot be shown replaced.

    That is controls, lone surrogates, and characters that override the direction of what follows
    them: `gpj.exe` could look like `exe.jpg`, and text beside a name would be turned round too.
    Names in Arabic or Hebrew need none of these.

    Example:
        >>> legible("mono\tcyte"), legible("cell\u202egnp")
        ('mono�cyte', 'cell�gnp')
    """
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if _unshowable(letter) else letter for letter in str(text)
    )


def _unshowable(letter: str) -> bool:
    return unicodedata.category(letter) in UNSHOWABLE or letter in OVERRIDING


def shortened(text: object, length: int) -> str:
    """Return `text` with its middle left out where it is longer than `length` characters.

    Example:
        >>> shortened("immature granulocyte (promyelocyte)", 20)
        'immature gr…elocyte)'
    """
    clean = legible(text)
    if len(clean) <= length:
        return clean
    tail = length * 2 // 5
    return f"{clean[: length - tail - 1]}…{clean[len(clean) - tail :]}"


def wrapped(text: object, length: int, *, lines: int = 2) -> str:
    r"""Return `text` on at most `lines` lines of at most `length` characters each.

    Lines break after a space, `_`, `-` or `/` where one is near; else anywhere.

    Example:
        >>> wrapped("immature_granulocyte", 14)
        'immature_\ngranulocyte'
    """
    rest = shortened(text, length * lines)
    pieces: list[str] = []
    while len(rest) > length and len(pieces) < lines - 1:
        breaks = [at + 1 for at, letter in enumerate(rest[:length]) if letter in " _-/"]
        # A later line must not overflow because this one broke early.
        must_fit = len(rest) - length * (lines - len(pieces) - 1)
        at = max((at for at in breaks if at >= must_fit), default=length)
        pieces.append(rest[:at].rstrip(" "))
        rest = rest[at:]
    return "\n".join([*pieces, rest])
