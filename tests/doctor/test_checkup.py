from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import cellclf
from cellclf.doctor.backend import Backend, backend, unfit_backend
from cellclf.doctor.checkup import check_up
from cellclf.doctor.machine import CachePlace, cache_place, machine, unfit_cache
from cellclf.doctor.processes import NoAnswerError, asked
from tests.conftest import Command

PLACE = CachePlace(folder=Path("cache"), entries=0, bytes=0, free=10**12)


def test_the_installation_is_told_in_lines_and_as_json(
    cellclf_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    told = cellclf_command("doctor", "--no-devices")
    assert told.stdout.startswith(f"cellclf {cellclf.__version__}, CPython ")
    for said in ("  filelock ", "Machine: ", "Backend: tensorflow ", "Cache: ", "Plugins: "):
        assert f"\n{said}" in told.stdout
    assert told.stderr == ""
    found = json.loads(cellclf_command("doctor", "--no-devices", "--json").stdout)
    assert found["healthy"] is True
    assert found["version"] == cellclf.__version__
    assert found["versions"]["numpy"].startswith("2.")
    assert found["backend"]["devices"] is None
    assert {"name", "status", "offers"} <= found["plugins"][0].keys()


def test_what_is_broken_ends_with_status_three(cellclf_command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    env = {"CELLCLF_CACHE": str(tmp_path / "file")}
    done = cellclf_command("doctor", "--no-devices", check=False, env=env)
    assert done.returncode == 3
    assert "error: cache: " in done.stdout
    assert "$ export CELLCLF_CACHE=" in done.stdout or "$ set CELLCLF_CACHE=" in done.stdout
    assert done.stdout.endswith("Something is broken.\n")


def test_processors_and_memory_are_counted() -> None:
    here = machine()
    assert 1 <= here.processors <= here.processors_in_all
    assert here.memory is None or here.memory > 10**8


def test_the_cache_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "one").write_bytes(bytes(1000))
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path))
    place = cache_place()
    assert (place.folder, place.entries, place.bytes) == (tmp_path, 1, 1000)
    assert place.free
    assert place.problem == ""


def test_little_room_is_a_warning_with_what_makes_some() -> None:
    assert [*unfit_cache(PLACE)] == []
    (finding,) = unfit_cache(replace(PLACE, free=5 * 10**6))
    assert (finding.kind, finding.severity) == ("little space", "warning")
    assert finding.message.startswith("5 MB are free")
    assert finding.remedies[0] == "cellclf cache prune --older-than 30"


def test_a_backend_that_there_is_not_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflwo")
    found = check_up(devices=True)
    assert found.backend.name == ""
    assert [one.subject for one in found.findings if one.severity == "error"] == ["KERAS_BACKEND"]
    assert not found.healthy


def test_a_backend_that_cannot_be_imported_is_told_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorflow").mkdir()
    broken = "raise ImportError('a library is missing')"
    (tmp_path / "tensorflow" / "__init__.py").write_text(broken, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    found = backend(devices=True)
    assert found.devices is None
    assert found.problem == "ImportError: a library is missing"
    (finding,) = unfit_backend(found)
    assert (finding.kind, finding.severity, finding.subject) == ("backend", "error", "tensorflow")


def test_a_backend_that_works_is_no_finding() -> None:
    assert [*unfit_backend(Backend(name="jax", version="1", devices=("cpu:0",)))] == []


@pytest.mark.slow
def test_the_backend_says_what_it_computes_on() -> None:
    found = backend(devices=True)
    assert found.devices
    assert found.said.startswith(f"{found.name} {found.version} on ")


def test_a_process_that_hangs_is_given_up() -> None:
    with pytest.raises(NoAnswerError, match=r"had not ended after 1\.5 seconds"):
        asked("http.server", None, patience=1.5)


def test_a_process_that_does_not_answer_is_quoted() -> None:
    with pytest.raises(NoAnswerError, match=r"ended the process \(status 0\): \w+"):
        asked("platform", None)
