from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
from cellclf_openvino.plugin import cellclf_engines

from cellclf.engines.conversion import convert
from cellclf.testing import conformance

(SPEC,) = cellclf_engines()


test_conformance = conformance(SPEC)


def test_a_network_that_is_converted_holds_the_metadata_and_answers_without_keras(
    tmp_path: Path,
) -> None:
    images = keras.Input((4, 4, 3), dtype="uint8", name="images")
    mean = keras.ops.mean(keras.ops.cast(images, "float32"), axis=(1, 2, 3))
    network = keras.Model(images, {"mean": mean})
    convert(SPEC, network, tmp_path, metadata={"classes": "白血球"})
    code = f"""
import sys
from pathlib import Path
import numpy as np
import openvino
from cellclf import NoParams
from cellclf_openvino.engine import open_network
folder = Path({str(tmp_path)!r})
run = open_network(folder, NoParams())
assert run(np.full((2, 4, 4, 3), 9, np.uint8))["mean"].tolist() == [9, 9]
assert not {{"keras", "tensorflow"}} & set(sys.modules)
model = openvino.Core().read_model(folder / "model.xml")
assert model.get_rt_info(["cellclf", "classes"]).value == "白血球"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
