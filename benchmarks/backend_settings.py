"""What oneDNN and XLA do to a training step of the custom CNN on this machine's processor.

    python benchmarks/backend_settings.py

Prints the time of a step with each setting as a ratio to the one that
`cellclf.prepare_backend` chooses.
"""

from __future__ import annotations

import os
import subprocess
import sys

STEP = """
import sys, time
import cellclf
cellclf.prepare_backend()
import keras, numpy as np
from cellclf_custom_cnn.network import build
from cellclf_custom_cnn.params import CustomCNNParams
model = build(CustomCNNParams(), input_shape=(128, 128, 3), num_classes=8)
model.compile("adamw", keras.losses.CategoricalCrossentropy(from_logits=True),
              jit_compile=sys.argv[1] == "xla")
images = np.random.default_rng(0).integers(0, 256, (32, 128, 128, 3), dtype=np.uint8)
targets = np.eye(8, dtype=np.float32)[np.arange(32) % 8]
times = []
for _ in range(12):
    start = time.perf_counter()
    model.train_on_batch(images, targets)
    times.append(time.perf_counter() - start)
print(min(times[2:]))
"""

SETTINGS = {"oneDNN": ("1", "plain"), "no oneDNN": ("0", "plain"), "XLA": ("1", "xla")}


def main() -> None:
    seconds = {}
    for name, (onednn, compiler) in SETTINGS.items():
        finished = subprocess.run(
            [sys.executable, "-c", STEP, compiler],
            env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn, "KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds[name] = float(finished.stdout)
    for name, taken in seconds.items():
        print(f"{name}: {taken / seconds['oneDNN']:.2f} times as long ({taken * 1e3:.0f} ms)")


if __name__ == "__main__":
    main()
