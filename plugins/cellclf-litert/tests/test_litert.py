from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
from cellclf_litert.plugin import cellclf_engines

from cellclf.engines.conversion import convert
from cellclf.testing import conformance

(SPEC,) = cellclf_engines()


test_conformance = conformance(SPEC)


def test_a_network_that_is_converted_answers_without_keras_or_tensorflow(tmp_path: Path) -> None:
    images = keras.Input((4, 4, 3), dtype="uint8", name="images")
    mean = keras.ops.mean(keras.ops.cast(images, "float32"), axis=(1, 2, 3))
    convert(SPEC, keras.Model(images, {"mean": mean}), tmp_path, metadata={})
    assert [path.name for path in tmp_path.iterdir()] == [SPEC.file]
    code = f"""
import sys
from pathlib import Path
import numpy as np
from cellclf import NoParams
from cellclf_litert.engine import open_network
run = open_network(Path({str(tmp_path)!r}), NoParams())
for number in (1, 5, 2):
    assert run(np.full((number, 4, 4, 3), 9, np.uint8))["mean"].tolist() == [9] * number
assert not {{"keras", "tensorflow"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
