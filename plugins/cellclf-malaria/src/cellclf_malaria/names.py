"""What the names of the published files and folders say.

A cell of `C132P93ThinF_IMG_20151004_152257_cell_112.png` comes from case 132, patient 93. Cases may
carry a letter (`C37BP2`), what follows the patient differs from year to year (`ThinF`,
`N_ThinF`, `ReThinF`, `thin_Original_Motic`), and controls have no number of a patient
(`C208ThinF`, `C2NThinF`, `C4thin_original`). Some copies put the class before all of that.
"""

from __future__ import annotations

import re

__all__ = ["class_of_folder", "patient_of_file"]

WORDS = {
    "parasitized": "parasitized",
    "parasitised": "parasitized",
    "infected": "parasitized",
    "uninfected": "uninfected",
}

SOURCE = re.compile(
    r"(?:parasitized|uninfected)?[_-]?c(?P<case>\d+)[a-z]?(?:p(?P<patient>\d+))?(?!\d)",
    re.IGNORECASE,
)


def class_of_folder(name: str) -> str | None:
    """Return the class that a folder's name means, or `None` where it means none.

    Example:
        >>> class_of_folder("Parasitized")
        'parasitized'
        >>> class_of_folder("cell_images") is None
        True
    """
    return WORDS.get(name.strip().lower())


def patient_of_file(name: str) -> str | None:
    """Return the patient that a file's name tells, or the case where it is a control.

    Images of one patient under several cases belong together, so the patient's number alone is the
    name: `P2` for `C37AP2` and `C37BP2`.

    Example:
        >>> patient_of_file("C132P93ThinF_IMG_20151004_152257_cell_112.png")
        'P93'
        >>> patient_of_file("C208ThinF_IMG_20151029_161219_cell_7.png")
        'C208'
        >>> patient_of_file("cell_7.png") is None
        True
    """
    found = SOURCE.match(name)
    if found is None:
        return None
    return f"P{found['patient']}" if found["patient"] else f"C{found['case']}"
