"""What the core offers itself keeps what it asks of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cellclf.builtin.augmentation_specs import AUGMENTATIONS
from cellclf.builtin.callback_specs import CALLBACKS
from cellclf.builtin.metric_specs import METRICS
from cellclf.network.backend import prepare_backend
from cellclf.testing import conformance, write_images

prepare_backend()

IMAGES = ("a/train/1.png", "a/train/2.png", "b/train/3.png", "b/train/4.png")


def folders(folder: Path) -> None:
    write_images(folder, *(path.replace("train/", "") for path in IMAGES))


def a_table(folder: Path) -> None:
    write_images(folder, *IMAGES)
    rows = [f"{path},{path[0]},patient {path[8]}" for path in IMAGES]
    (folder / "cells.csv").write_text("\n".join(["path,label,group", *rows]), encoding="utf-8")


def one_file(folder: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    np.savez(folder / "cells.npz", images=images, labels=np.array(["a", "a", "b", "b"]))
    return folder / "cells.npz"


test_augmentations = conformance(*AUGMENTATIONS)
test_metrics = conformance(*METRICS)
test_callbacks = conformance(*CALLBACKS)
test_image_folder = conformance("cellclf/image_folder", root=folders, published=False)
test_csv = conformance("cellclf/csv", root=a_table, published=False)
test_arrays = conformance("cellclf/arrays", root=one_file, published=False)
