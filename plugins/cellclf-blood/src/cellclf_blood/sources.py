"""Where each set comes from, under what licence, and how it is cited."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BCCD", "BCCD_FIELDS", "BLOODMNIST", "PBC", "Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What `DatasetSpec` says of a published set; see there."""

    licence: str
    citation: str
    homepage: str
    obtain: str


PBC_CITATION = (
    "Acevedo A, Merino A, Alferez S, Molina A, Boldu L, Rodellar J (2020). A dataset of "
    "microscopic peripheral blood cell images for development of automatic recognition systems. "
    "Data in Brief 30:105474. doi:10.1016/j.dib.2020.105474. Hospital Clinic of Barcelona."
)

PBC = Source(
    licence="CC BY 4.0",
    citation=PBC_CITATION,
    homepage="https://data.mendeley.com/datasets/snkd93bnjr",
    obtain=(
        "Download PBC_dataset_normal_DIB.zip from https://data.mendeley.com/datasets/snkd93bnjr, "
        "or 'Blood Cells Image Dataset' (unclesamulus/blood-cells-image-dataset) from Kaggle, and "
        "name the zip file or the folder that it was unpacked to."
    ),
)

BLOODMNIST = Source(
    licence="CC BY 4.0",
    citation=(
        "Yang J, Shi R, Wei D, Liu Z, Zhao L, Ke B, Pfister H, Ni B (2023). MedMNIST v2: a "
        "large-scale lightweight benchmark for 2D and 3D biomedical image classification. "
        f"Scientific Data 10:41. doi:10.1038/s41597-022-01721-8. The images: {PBC_CITATION}"
    ),
    homepage="https://medmnist.com",
    obtain=(
        "Download bloodmnist.npz (28 x 28 pixels), bloodmnist_64.npz, bloodmnist_128.npz or "
        "bloodmnist_224.npz from https://zenodo.org/records/10519652, and name the file or a "
        "folder that holds it."
    ),
)

BCCD_REPOSITORY = "https://github.com/Shenggan/BCCD_Dataset"

BCCD = Source(
    licence="MIT",
    citation=(
        "Mooney P (2018). Blood Cell Images. Kaggle, paultimothymooney/blood-cells. Augmented from "
        f"the BCCD dataset, by Shenggan and cosmicad: {BCCD_REPOSITORY}"
    ),
    homepage="https://www.kaggle.com/datasets/paultimothymooney/blood-cells",
    obtain=(
        "Download 'Blood Cell Images' (paultimothymooney/blood-cells) from Kaggle, and name the "
        "zip file or the folder that it was unpacked to."
    ),
)

BCCD_FIELDS = Source(
    licence="MIT",
    citation=f"Shenggan, cosmicad (2017). BCCD dataset. {BCCD_REPOSITORY}",
    homepage=BCCD_REPOSITORY,
    obtain=(
        f"Download {BCCD_REPOSITORY} ('Code', 'Download ZIP'), and name the zip file or the folder "
        "that it was unpacked to."
    ),
)
