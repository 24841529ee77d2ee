"""Train on rendered blood cells and classify a few of them, in five lines."""

from __future__ import annotations

import cellclf

demo = {"dataset": "blood_cells_demo", "params": {"images_per_class": 24}, "image_size": 32}
run = cellclf.run(data=demo, models=["custom_cnn"], training={"epochs": 3}, out="runs/example")
print(run.comparison)
print(run.predictions().query("split == 'test'")[["sample_id", "label", "predicted", "confidence"]])
print(f"Report: {run.report}")
