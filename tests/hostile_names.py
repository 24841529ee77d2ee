"""Names that do harm where they are taken for something else than names."""

from __future__ import annotations

__all__ = ["FORMULAS", "HOSTILE"]

FORMULAS = ("=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "\r=1")
"""What a spreadsheet computes, or would where an apostrophe were taken away once too often."""

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\" onload='alert(1)",
    "&lt;b&gt;",
    *FORMULAS,
    "cell\u202egnp.exe",
    "خلية دم",
    "🩸🧫",
    "promyelocyte " * 40,
    "$x^2$",
    "$broken",
    "_",
    "__a__",
    "{}",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "%s %(a)s %",
    "\\frac{1}{2}",
)
