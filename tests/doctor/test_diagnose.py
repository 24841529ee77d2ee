from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellclf.cli.plugins_doctor import _described, _lines
from cellclf.doctor.diagnose import diagnose
from cellclf.doctor.finding import Diagnosis, Finding
from cellclf.plugin_files import FILES
from tests.plugin_site import GOOD, Site

REAL = GOOD.replace("nowhere:build", "json:dumps")
ENGINE = """
import cellclf

@cellclf.hookimpl
def cellclf_engines():
    yield cellclf.EngineSpec(
        name="quick", summary="A test", convert="json:dumps", open="json:loads",
        requires=("no-such-runtime",),
    )
"""
DATED = """
import warnings
warnings.warn("cellclf: `old` is now called `new`", DeprecationWarning)
"""
EDITED = '{"url": "file:///home/me/edited%20plugin", "dir_info": {"editable": true}}'
INSIDE = """
import cellclf

def half():
    return 1 / 0

@cellclf.hookimpl
def cellclf_models():
    yield half()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def diagnosis(place: Path) -> Iterator[Diagnosis]:
    """One visit to an installation with everything wrong with it that can be."""
    site, older = Site(place), Site(place / "older")
    older.folder.mkdir()
    site.add("fine-plugin", REAL.format(name="fine"))
    site.add("inside-plugin", INSIDE)
    site.add("half-plugin", REAL.format(name="half"))
    (place / "half_plugin-1.0.dist-info" / "METADATA").unlink()
    site.add("gone-plugin", REAL.format(name="gone"))
    (place / "gone_plugin.py").unlink()
    site.add("one-plugin", REAL.format(name="shared"))
    site.add("two-plugin", REAL.format(name="shared"))
    site.add("old-plugin", "raise SystemExit", wants="cellclf<0.1")
    site.add("needy-plugin", REAL.format(name="needy"), wants="no-such-package>=2")
    site.add("heavy-plugin", "import torch\n" + REAL.format(name="heavy"))
    (place / "torch.py").write_text("")
    site.add("dated-plugin", DATED + REAL.format(name="dated"))
    site.add("ending-plugin", "import os\nos._exit(7)")
    site.add("quick-plugin", ENGINE)
    site.add("dangling-plugin", GOOD.format(name="dangling"))
    site.add("astray-plugin", GOOD.format(name="astray").replace("nowhere:build", "this:biuld"))
    site.add("edited-plugin", "1 / 0")
    (place / "edited_plugin-1.0.dist-info" / "direct_url.json").write_text(EDITED)
    site.add("off-plugin", REAL.format(name="off"))
    older.add("fine-plugin", REAL.format(name="fine"))
    names = [path.stem for path in place.glob("*_plugin.py")]
    loaded = ",".join([*names, "half_plugin", "gone_plugin", "no_such"])
    with pytest.MonkeyPatch.context() as changed:
        changed.syspath_prepend(older.folder)
        changed.syspath_prepend(place)
        changed.setenv("CELLCLF_LOAD_PLUGINS", loaded)
        changed.setenv("CELLCLF_DISABLE_PLUGINS", "off_plugin")
        changed.setenv("KERAS_BACKEND", "tensorflwo")
        changed.setenv(FILES, str(place / "nowhere.py"))
        yield diagnose()


def about(diagnosis: Diagnosis, subject: str) -> list[Finding]:
    return [one for one in diagnosis.findings if one.subject.startswith(subject)]


def only(diagnosis: Diagnosis, subject: str) -> Finding:
    (finding,) = about(diagnosis, subject)
    return finding


def test_a_plugin_that_works_gives_no_finding_but_that_it_is_installed_twice(
    diagnosis: Diagnosis,
) -> None:
    twice = only(diagnosis, "fine-plugin")
    assert (twice.kind, twice.severity) == ("installed twice", "warning")
    assert "older" in twice.message
    assert about(diagnosis, "fine_plugin") == []


def test_a_failure_is_placed_in_the_plugins_own_code(diagnosis: Diagnosis, place: Path) -> None:
    failed = only(diagnosis, "inside_plugin")
    assert failed.message == "ZeroDivisionError: division by zero"
    assert failed.place == f"{place / 'inside_plugin.py'}:5"
    assert "export CELLCLF_DISABLE_PLUGINS=inside_plugin" in failed.remedies


def test_what_an_uninstallation_left_over_is_told_with_what_removes_it(
    diagnosis: Diagnosis, place: Path
) -> None:
    half, gone = only(diagnosis, "half-plugin"), only(diagnosis, "gone_plugin")
    assert half.kind == gone.kind == "half removed"
    assert half.remedies[0] == f"rm -r {place / 'half_plugin-1.0.dist-info'}"
    assert gone.remedies == ("pip install --upgrade --force-reinstall gone-plugin",)


def test_two_of_one_name_are_told_with_how_to_ask_for_one(diagnosis: Diagnosis) -> None:
    conflict = only(diagnosis, "model 'shared'")
    assert conflict.severity == "warning"
    assert "one-plugin/shared or two-plugin/shared" in conflict.message


@pytest.mark.parametrize(
    ("subject", "kind", "severity", "message", "remedy"),
    [
        ("old_plugin", "incompatible", "error", "it wants cellclf<0.1", "pip install --up"),
        ("needy-plugin", "requirement", "error", "not installed", "pip install 'no-such-"),
        ("heavy_plugin", "slow import", "warning", "brings in torch", "python -X importtime"),
        ("dated_plugin", "deprecated", "warning", "now called `new`", "pip install --upgrade"),
        ("ending_plugin", "failed", "error", "ended the process (status 7)", "pip install"),
        ("quick_plugin", "missing runtime", "warning", "'quick'", "pip install no-such-runtime"),
        ("dangling_plugin", "missing reference", "error", "'nowhere:build'", "pip install"),
        ("astray_plugin", "missing reference", "error", "this has no 'biuld'", "pip install"),
        ("edited_plugin", "failed", "error", "ZeroDivisionError", "pip install --editable "),
        ("off_plugin", "disabled", "note", "CELLCLF_DISABLE_PLUGINS", "unset CELLCLF_DISABLE"),
        ("vgg", "disabled", "note", "CELLCLF_LOAD_PLUGINS", "unset CELLCLF_LOAD_PLUGINS"),
        ("CELLCLF_LOAD_PLUGINS", "environment", "warning", "'no_such'", "export CELLCLF_LOAD"),
        ("KERAS_BACKEND", "environment", "error", "mean 'tensorflow'", "unset KERAS_BACKEND"),
        ("nowhere", "failed", "error", "it cannot be read", "unset CELLCLF_PLUGIN_FILES"),
    ],
)
def test_everything_wrong_is_told_with_what_mends_it(
    diagnosis: Diagnosis, subject: str, kind: str, severity: str, message: str, remedy: str
) -> None:
    finding = only(diagnosis, subject)
    assert (finding.kind, finding.severity) == (kind, severity)
    assert message in finding.message
    assert finding.remedies[0].startswith(remedy)


def test_errors_come_first_and_mean_that_something_is_broken(diagnosis: Diagnosis) -> None:
    severities = [finding.severity for finding in diagnosis.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert not diagnosis.healthy
    assert Diagnosis(plugins=(), environment={}, findings=()).healthy
    told = "\n".join(_lines(diagnosis))
    assert "heavy_plugin  heavy-plugin 1.0  ok" in told
    assert told.endswith("Something is broken.")
    assert json.loads(json.dumps(_described(diagnosis)))["healthy"] is False


def test_nothing_of_a_plugin_runs_in_the_process_of_the_doctor(
    diagnosis: Diagnosis, place: Path
) -> None:
    assert {one.plugin.name for one in diagnosis.plugins} >= {"fine_plugin", "ending_plugin"}
    here = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    assert [file for file in here if file.startswith(f"{place}{os.sep}")] == []
