"""What is known of the set."""

from __future__ import annotations

__all__ = ["CITATION", "CLASSES", "HOMEPAGE", "LICENCE", "OBTAIN"]

CLASSES = ("blast", "normal")
"""In the order of the network's outputs."""

LICENCE = "CC BY 3.0"

CITATION = (
    "Gupta A, Gupta R (2019). ALL Challenge dataset of ISBI 2019 [Data set]. "
    "The Cancer Imaging Archive. https://doi.org/10.7937/tcia.2019.dc64i46r"
)

HOMEPAGE = "https://doi.org/10.7937/tcia.2019.dc64i46r"

OBTAIN = (
    "Download C-NMC 2019 from The Cancer Imaging Archive and name its folder C-NMC_training_data; "
    "`python -m cellclf_leukaemia_blasts.sample FOLDER` draws a small set in its layout."
)
"""Part of the message where no images are found."""
