"""Train the custom CNN by several recipes, to see which of them works on the cells of others.

    python benchmarks/other_laboratory_recipes.py PBC --out DIR [--epochs N] [--only NAME ...]

Each recipe goes one step further than the one before it, from the default one to that of the model
that `cellclf-blood` brings. All train the same network for the same number of epochs on the same
division of PBC. The runs are left in DIR, one a recipe; a finished one is not trained again. Then

    python benchmarks/other_laboratory.py BCCD_CROP default=DIR/default ... --half choices

says what each is worth elsewhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cellclf

WITHOUT_STAIN = ("flip", "rotation", "zoom", "shift", "contrast", "brightness", "blur", "noise")

SCALE_AND_FOCUS: Mapping[str, Mapping[str, float]] = {
    "zoom": {"amount": 1.0, "shrink": 0.1},
    "shift": {"fraction": 0.06},
    "contrast": {"amount": 0.2},
    "brightness": {"amount": 0.1},
    "blur": {"max_sigma": 2.0, "probability": 0.3},
    "noise": {"max_sigma": 6.0, "probability": 0.2},
}
CHANNELS = {"scale": 0.35, "offset": 0.08}
MIXED = {**CHANNELS, "mix": 0.4}

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "without_stain": {"augmentation": {"steps": WITHOUT_STAIN}},
    "scale_and_focus": {"augmentation": {"params": SCALE_AND_FOCUS}},
    "stain_by_channel": {"augmentation": {"params": {**SCALE_AND_FOCUS, "stain": CHANNELS}}},
    "background": {
        "augmentation": {"params": {**SCALE_AND_FOCUS, "stain": CHANNELS}},
        "levels": "background",
    },
    "stain_mixed": {
        "augmentation": {"params": {**SCALE_AND_FOCUS, "stain": MIXED}},
        "levels": "background",
    },
    "stain_mixed_in_half": {
        "augmentation": {"params": {**SCALE_AND_FOCUS, "stain": {**MIXED, "probability": 0.5}}},
        "levels": "background",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    asked = parser.parse_args()
    cellclf.prepare_backend()
    for name in asked.only:
        recipe = RECIPES[name]
        finished = cellclf.run(
            seed=8,
            data={
                "dataset": "blood_cells",
                "path": asked.images,
                "split": {"train": 0.78, "validation": 0.03, "calibration": 0.07, "test": 0.12},
            },
            augmentation={"balance": "none", **recipe.get("augmentation", {})},
            models={"custom_cnn": {"params": {"levels": recipe.get("levels", "fixed")}}},
            training={"epochs": asked.epochs},
            out=asked.out / name,
        )
        print(name)
        print(finished.comparison.to_string())


if __name__ == "__main__":
    main()
