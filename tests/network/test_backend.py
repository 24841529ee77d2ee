from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.errors import ExperimentError
from cellclf.network import backend
from cellclf.network.backend.quiet import without_early_log
from cellclf.processors import processor_count
from tests.launching import needs_jax

ONE_OF_EACH = """
import cellclf.network.backend as backend
backend.prepare_backend()
import keras, numpy as np
backend.seed_everything(1)
image = keras.Input((16, 16, 3), name="image")
x = keras.layers.Conv2D(4, 3, name="features")(image)
model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
model.compile("adam", "mse", jit_compile=backend.jit_compile())
model.fit(np.zeros((8, 16, 16, 3)), np.zeros((8, 2)), batch_size=4, verbose=0)
model.predict(np.zeros((3, 16, 16, 3)), verbose=0)
model.predict_on_batch(np.zeros((3, 16, 16, 3)))
backend.versions()
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in backend.DEFAULTS and name != "KERAS_BACKEND"
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_importing_cellclf_and_the_backend_module_changes_no_environment_variable() -> None:
    code = (
        "import os, sys; before = dict(os.environ); import cellclf, cellclf.network.backend\n"
        "assert dict(os.environ) == before\n"
        "assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    )
    finished = run(code)
    assert finished.returncode == 0, finished.stderr


def test_import_a_first_step_and_predictions_write_nothing_on_either_stream() -> None:
    finished = run(ONE_OF_EACH)
    assert finished.returncode == 0, finished.stderr
    assert (finished.stdout, finished.stderr) == ("", "")


@pytest.mark.slow
def test_what_the_user_has_set_is_left_as_it_is() -> None:
    code = (
        "import os, cellclf.network.backend as backend; backend.prepare_backend()\n"
        "print(os.environ['TF_ENABLE_ONEDNN_OPTS'], os.environ['TF_CPP_MIN_LOG_LEVEL'],\n"
        "os.environ['KERAS_BACKEND'])"
    )
    finished = run(code, TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="1")
    assert finished.stdout.split() == ["0", "1", "tensorflow"]


@needs_jax
def test_the_configuration_file_of_keras_is_heard_where_no_variable_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(ExperimentError, match=r"already imported.*Received: jax"):
        backend.prepare_backend()


def test_a_damaged_configuration_file_of_keras_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.json").write_text("[")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if backend.current() == backend.DEFAULT:
        backend.prepare_backend()


def test_an_unknown_backend_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(ExperimentError, match="Did you mean 'tensorflow'"):
        backend.prepare_backend(backend="tensorflw")


@needs_jax
def test_another_backend_than_the_one_already_imported_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    other = next(name for name in backend.BACKENDS if name != backend.current())
    with pytest.raises(ExperimentError, match="already imported"):
        backend.prepare_backend(backend=other)


def test_a_backend_against_the_environment_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(ExperimentError, match="which KERAS_BACKEND says"):
        backend.prepare_backend(backend="jax")


def test_only_early_log_lines_are_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with without_early_log():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are\n")
        os.write(2, b"I0000 00:00:1795433086.230777    9604 port.cc:153] oneDNN is on\n")
        os.write(2, b"a real warning\n")
    assert capfd.readouterr().err == "a real warning\n"


def test_the_same_seed_gives_the_same_initial_weights_and_another_does_not(
    build_small: Any,
) -> None:
    def kernel(seed: int) -> Any:
        backend.seed_everything(seed)
        model = build_small(None, input_shape=(16, 16, 3), num_classes=2)
        return np.asarray(model.get_layer("stem_conv").get_weights()[0])

    assert np.array_equal(kernel(3), kernel(3))
    assert not np.array_equal(kernel(3), kernel(4))


def test_the_record_names_backend_versions_and_devices() -> None:
    found = backend.versions()
    assert found["backend"] in backend.BACKENDS
    assert all(found[name] for name in ("backend_version", "keras", "devices"))


def test_a_precision_that_is_asked_for_holds_for_the_block_alone() -> None:
    config = keras.config
    before = config.dtype_policy().name
    with backend.precision("mixed_bfloat16") as policy:
        assert policy == config.dtype_policy().name == "mixed_bfloat16"
    assert config.dtype_policy().name == before


def test_without_a_graphics_card_precision_stays_as_it_is_configured() -> None:
    with backend.precision("auto") as policy:
        assert policy == "float32"
    keras.config.set_dtype_policy("float64")
    try:
        with backend.precision("auto") as policy:
            assert policy == "float64"
    finally:
        keras.config.set_dtype_policy("float32")


def test_the_summary_says_backend_place_numbers_and_compiler() -> None:
    said = backend.summary("float32")
    assert said.startswith("tensorflow 2.")
    assert f"on {processor_count()} processor cores, float32, oneDNN " in said
    assert said.endswith("not compiled by XLA")


def test_a_container_that_gives_fewer_processors_has_as_many_threads() -> None:
    code = (
        "import os; from cellclf.network import backend; backend.prepare_backend()\n"
        "print(os.environ.get('TF_NUM_INTRAOP_THREADS'), os.environ['OMP_NUM_THREADS'])"
    )
    finished = run(code, LOKY_MAX_CPU_COUNT="1", OMP_NUM_THREADS="7")
    assert finished.stdout.split() == ["1", "7"], finished.stderr


def test_a_backend_without_gradients_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(ExperimentError, match=r"must be tensorflow or jax.*Received: torch"):
        backend.gradient(None, [np.zeros(1)], np.ones(1))
