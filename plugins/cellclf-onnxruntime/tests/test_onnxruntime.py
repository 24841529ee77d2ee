from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from cellclf_onnxruntime.plugin import cellclf_engines

from cellclf.engines.conversion import convert
from cellclf.testing import conformance

(SPEC,) = cellclf_engines()


test_conformance = conformance(SPEC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One number for each image: the mean of its pixels."""
    images = keras.Input((4, 4, 3), dtype="uint8", name="images")
    mean = keras.ops.mean(keras.ops.cast(images, "float32"), axis=(1, 2, 3))
    convert(SPEC, keras.Model(images, {"mean": mean}), tmp_path, metadata={"classes": "白血球"})
    return tmp_path


def test_the_file_says_what_it_takes_and_gives_and_holds_the_metadata(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("images", "mean")
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert taken.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert {entry.key: entry.value for entry in model.metadata_props} == {"classes": "白血球"}


def test_a_network_that_is_converted_answers_without_keras_or_tensorflow(folder: Path) -> None:
    code = f"""
import sys
from pathlib import Path
import numpy as np
from cellclf import NoParams
from cellclf_onnxruntime.engine import open_network
run = open_network(Path({str(folder)!r}), NoParams())
assert run(np.full((2, 4, 4, 3), 9, np.uint8))["mean"].tolist() == [9, 9]
assert not {{"keras", "tensorflow", "tf2onnx"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bytes_are_taken_as_they_are(folder: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx")
    with pytest.raises(Exception, match="float"):
        session.run(None, {"images": np.zeros((1, 4, 4, 3), np.float32)})
