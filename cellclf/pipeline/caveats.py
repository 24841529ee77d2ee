"""What a reader of figures must know of the run that they come from, in words."""

from __future__ import annotations

from cellclf.data.leaks import LEAKY

__all__ = ["caveats_of_figures"]

SYNTHETIC = "Synthetic: these images are rendered; the figures say nothing of cells."


def caveats_of_figures(*, leaky: bool, synthetic: bool) -> tuple[str, ...]:
    """Return what is to be said beside the figures of a run, a sentence each.

    Args:
        leaky: They come from a split that leaks, which was allowed.
        synthetic: Its images are rendered.

    Example:
        >>> caveats_of_figures(leaky=False, synthetic=False)
        ()
    """
    said = ((leaky, f"{LEAKY}."), (synthetic, SYNTHETIC))
    return tuple(text for holds, text in said if holds)
