"""How numbers and names are written for people."""

from __future__ import annotations

import math
import unicodedata
from numbers import Integral, Real

from cellclf.terms import MISSING, NO_BREAK, percent

__all__ = [
    "advice",
    "duration",
    "is_share",
    "isolated",
    "label",
    "number",
    "percent",
    "sentence",
    "span",
    "spell",
]

SHARES = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "sensitivity",
    "specificity",
    "predictive_value",
    "share",
)
KNOWN_AS = {
    "precision": "Precision (PPV)",
    "recall": "Sensitivity (recall)",
    "negative_predictive_value": "NPV",
    "precision_macro": "Macro precision",
    "recall_macro": "Macro sensitivity",
    "negative_predictive_value_macro": "Macro NPV",
}
"""What laboratories call figures that have another name here."""

SPELT = {"f1": "F1", "roc": "ROC", "auc": "AUC"}
ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
LEFT_TO_RIGHT = frozenset({"L", "EN", "ES", "ET", "CS", "NSM", "BN", "B", "S", "WS", "ON"})
"""Kinds of character that turn nothing around."""
MINUTE, HOUR = 60, 3600

LABELS = {
    "background_shortcut": "The background tells the class",
    "colour_outlier": "Unlike the others in colour",
    "exact_duplicate": "Exact duplicates",
    "few_sources": "Many files of few sources",
    "label_conflict": "One image, several labels",
    "near_duplicate": "Near duplicates",
    "sharpness_outlier": "Unlike the others in sharpness",
    "size_outlier": "Unlike the others in size",
    "small_class": "Classes that are too small",
    "split_leak": "Related images in several given parts",
    "suspicious": "Suspicious files",
    "unreadable": "Unreadable files",
}


ADVICE = {
    "background_shortcut": "Look at the edges of the images: slide, stain or scale bar may differ "
    "by class. Judge on another laboratory's images, or mask what is not the cell.",
    "colour_outlier": "Nothing is left out. Look whether these images belong to the set.",
    "exact_duplicate": "A run puts them into one part, so that nothing is judged on what was "
    "trained on. Those that are divided already, or have several labels, are listed as such.",
    "few_sources": "Sources are counted, not files. More images of the same sources add little; "
    "images of others do.",
    "label_conflict": "One label at most is right, and only a person can say which: correct the "
    "others, or remove the images. A run leaves these images out.",
    "near_duplicate": "Divided at random, they would make any figure look better than it is. A run "
    "puts them into one part. Those that are divided already, or have several labels, are listed "
    "as such.",
    "sharpness_outlier": "Nothing is left out. Look whether a person could classify these images.",
    "size_outlier": "All images are brought to one size; those that were smaller become blurred.",
    "small_class": "Merge the class with another, leave it out (data.classes), or add sources.",
    "split_leak": "Divide anew (--resplit): what belongs together then comes into one part. The "
    "figures of a split that leaks look better than they are, so a run refuses it.",
    "suspicious": "They are read as they are. Look whether that is what was meant.",
    "unreadable": "A run leaves them out. Replace them, or remove them.",
}
"""What becomes of each kind of finding, and what can be done, by kind."""


def duration(seconds: float) -> str:
    r"""Write a time as people say it.

    Example:
        >>> duration(3.21), duration(61), duration(7262)
        ('3.2\xa0s', '1\xa0min 01\xa0s', '2\xa0h 01\xa0min')
    """
    whole = round(seconds)
    if whole < MINUTE:
        return f"{seconds:.1f}{NO_BREAK}s"
    if whole < HOUR:
        return f"{whole // MINUTE}{NO_BREAK}min {whole % MINUTE:02d}{NO_BREAK}s"
    minutes = round(seconds / MINUTE)
    return f"{minutes // MINUTE}{NO_BREAK}h {minutes % MINUTE:02d}{NO_BREAK}min"


def is_share(name: str) -> bool:
    """Tell whether a figure of that name is a share from 0 to 1, written in percent."""
    return any(word in name.lower() for word in SHARES)


def number(value: object, name: str = "") -> str:
    r"""Write the value of the metric or column called `name`.

    Example:
        >>> number(0.9791, "validation_accuracy"), number(0.99712, "roc_auc"), number(12167)
        ('97.9\xa0%', '0.997', '12,167')
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return MISSING if value is None else str(value)
    if isinstance(value, Integral):
        return f"{int(value):,}"
    amount = float(value)
    if math.isnan(amount):
        return MISSING
    if name.endswith("seconds"):
        return duration(amount)
    return percent(amount) if is_share(name) else f"{amount:.3f}"


def span(limits: tuple[float, float] | None, name: str) -> str:
    r"""Write the limits of an interval of the metric called `name`; nothing where there are none.

    Example:
        >>> span((0.9203, 0.9961), "accuracy"), span((0.971, 0.9962), "roc_auc"), span(None, "f1")
        ('92.0 to 99.6\xa0%', '0.971 to 0.996', '')
    """
    if limits is None or math.isnan(limits[0]):
        return ""
    low, high = (number(limit, name) for limit in limits)
    if low.endswith("%") and "<" not in low and ">" not in low:
        low = low.removesuffix(f"{NO_BREAK}%")
    return f"{low} to {high}"


def label(name: str, *, without: str = "") -> str:
    """Write a column's name as a heading; `without` is a prefix that is said elsewhere.

    Example:
        >>> label("balanced_accuracy"), label("training_seconds", without="training_")
        ('Balanced accuracy', 'Time')
        >>> label("f1_macro"), label("roc_auc")
        ('Macro F1', 'ROC AUC')
        >>> label("recall"), label("negative_predictive_value")
        ('Sensitivity (recall)', 'NPV')
    """
    rest = name.removeprefix(without)
    if rest == "seconds":
        return "Time"
    if rest in KNOWN_AS:
        return KNOWN_AS[rest]
    parts = rest.replace(".", "_").split("_")
    if parts[-1] == "macro":
        parts = ["macro", *parts[:-1]]
    words = " ".join(SPELT.get(part, part) for part in parts)
    return words[:1].upper() + words[1:]


def isolated(name: object) -> str:
    r"""Write a name within a sentence, so that one from right to left does not turn it around.

    Example:
        >>> isolated("monocyte"), isolated("\u062e\u0644\u064a\u0629")
        ('monocyte', '\u2068خلية\u2069')
    """
    text = str(name)
    if all(unicodedata.bidirectional(letter) in LEFT_TO_RIGHT for letter in text):
        return text
    return f"{ISOLATE}{text}{END}"


def sentence(text: str) -> str:
    """Write what a finding says as a sentence: with a capital letter and a full stop.

    Example:
        >>> sentence("the file is empty"), sentence("'ig': 3 files, 1 source")
        ('The file is empty.', "'ig': 3 files, 1 source.")
    """
    whole = f"{text[:1].upper()}{text[1:]}"
    return whole if whole.endswith((".", "?", "!")) else f"{whole}."


def spell(kind: str) -> str:
    """Write the kind of an audit's finding as a heading.

    Example:
        >>> spell("exact_duplicate"), spell("too_dark")
        ('Exact duplicates', 'Too dark')
    """
    return LABELS.get(kind) or label(kind)


def advice(kind: str) -> str:
    """Say what becomes of a finding of that kind, and what can be done; nothing for others.

    Example:
        >>> advice("unreadable")
        'A run leaves them out. Replace them, or remove them.'
    """
    return ADVICE.get(kind, "")
