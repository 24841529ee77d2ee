"""The eight classes of the PBC set and the names under which they are published."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["CLASSES", "class_of_file", "class_of_folder"]

CLASSES: tuple[str, ...] = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "ig",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "platelet",
)
"""In the order of the network's outputs; `ig` is an immature granulocyte."""

# Every word that a folder of the class is known to carry; all words of its name must be among them.
WORDS: Mapping[str, frozenset[str]] = {
    "basophil": frozenset({"basophil", "ba"}),
    "eosinophil": frozenset({"eosinophil", "eo"}),
    "erythroblast": frozenset({"erythroblast", "normoblast", "erb"}),
    "ig": frozenset({"ig", "myelocyte", "metamyelocyte", "promyelocyte", "my", "mmy", "pmy"}),
    "lymphocyte": frozenset({"lymphocyte", "ly"}),
    "monocyte": frozenset({"monocyte", "mo"}),
    "neutrophil": frozenset({"neutrophil", "segmented", "band", "neu", "sne", "bne"}),
    "platelet": frozenset({"platelet", "thrombocyte"}),
}

# What stands before the number in a file's name, as published: `SNE_727213.jpg`.
PREFIXES: Mapping[str, str] = {
    "BA": "basophil",
    "EO": "eosinophil",
    "ERB": "erythroblast",
    "IG": "ig",
    "MMY": "ig",
    "MY": "ig",
    "PMY": "ig",
    "LY": "lymphocyte",
    "MO": "monocyte",
    "BNE": "neutrophil",
    "NEU": "neutrophil",
    "NEUTROPHIL": "neutrophil",
    "SNE": "neutrophil",
    "PLATELET": "platelet",
}


def class_of_folder(name: str) -> str | None:
    """Return the class that a folder's name means, or `None` where it means none.

    Case, plurals, numbers and punctuation do not matter.

    Example:
        >>> class_of_folder("Immature_Granulocytes(myelocytes, metamyelocytes)")
        'ig'
        >>> class_of_folder("3 PLATELETS")
        'platelet'
        >>> class_of_folder("reactive lymphocytes") is None
        True
    """
    phrase = re.sub(r"immature[\W_]*granulocyte", "ig", name.lower())
    words = {word.removesuffix("s") for word in re.findall("[a-z]+", phrase)}
    for label, known in WORDS.items():
        if words and words <= known:
            return label
    return None


def class_of_file(name: str) -> str | None:
    """Return the class that the published prefix of a file's name means, or `None`.

    Example:
        >>> class_of_file("PMY_500094.jpg")
        'ig'
        >>> class_of_file("slide_12.png") is None
        True
    """
    prefix = re.match("[a-z]+(?=[_-])", name, re.IGNORECASE)
    return PREFIXES.get(prefix.group().upper()) if prefix else None
