"""What is known of the set: its classes, whose it is, and where it is published."""

from __future__ import annotations

__all__ = [
    "CITATION",
    "CLASSES",
    "FILE_NAME",
    "HOMEPAGE",
    "LICENCE",
    "OBTAIN",
    "SHA256",
    "SIZE",
    "URL",
]

CLASSES: tuple[str, ...] = ("parasitized", "uninfected")
"""In the order of the network's outputs."""

LICENCE = "Public data of the U.S. National Library of Medicine (NIH)"

CITATION = (
    "Rajaraman S, Antani SK, Poostchi M, Silamut K, Hossain MA, Maude RJ, Jaeger S, Thoma GR "
    "(2018). Pre-trained convolutional neural networks as feature extractors toward improved "
    "malaria parasite detection in thin blood smear images. PeerJ 6:e4568. "
    "doi:10.7717/peerj.4568."
)

HOMEPAGE = (
    "https://lhncbc.nlm.nih.gov/LHC-research/LHC-projects/image-processing/malaria-datasheet.html"
)

URL = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
FILE_NAME = "cell_images.zip"

# As TensorFlow Datasets states them for its set `malaria`, version 1.0.0.
SHA256 = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668"
SIZE = 353_452_851

OBTAIN = (
    f"`cellclf fetch malaria --to FOLDER` gets the set. By hand, download {URL}, or from Kaggle "
    "iarunava/cell-images-for-detecting-malaria, and name the zip file or its folder with --data: "
    "it need not be unpacked."
)
