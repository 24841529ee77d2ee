"""Plugins that were built for an earlier version: what docs/reference/versions.md promises.

`tests/third_party/frozen` holds a plugin for each minor version, never changed once that version is
released. Those of this minor version and of the one before must work. 0.1 is the first, so until
0.2 its own is the only one; raising the version to 0.2 makes these tests ask for one of 0.2, too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

import cellclf
from cellclf.checking import choose
from cellclf.registry import HOOKS, Plugin, installed
from cellclf.specs import AugmentationSpec, DatasetSpec, MetricSpec, Spec
from tests.plugin_site import Site

FROZEN = Path(__file__).parent / "third_party" / "frozen"
MAJOR, MINOR = (int(part) for part in cellclf.__version__.split(".")[:2])
FIRST = 1
"""The minor version with which all began."""

DIGESTS = {"0.1": "3cbd3d13bb28438713f4bbd847ea1c77a6b629124fa1a889d3b5a9acd9885aef"}
"""What was frozen, by SHA-256 over its files: it is not to be changed to suit a later version."""

PROMISED = [f"{MAJOR}.{minor}" for minor in (MINOR - 1, MINOR) if minor >= FIRST]


@pytest.fixture(params=PROMISED)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def built(version: str, site: Site) -> Plugin:
    """The plugin that was built for a version, as this version finds it."""
    tag = version.replace(".", "_")
    info = site.folder / f"built_for_{tag}-1.0.dist-info"
    info.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        shutil.copy(FROZEN / version / name, info)
    shutil.copytree(FROZEN / version / f"built_for_{tag}", site.folder / f"built_for_{tag}")
    return next(one for one in installed().plugins if one.name == f"built_for_{tag}")


def chosen(kind: type[Spec], plugin: Plugin, **params: Any) -> Any:
    (first, *_) = [spec for spec in plugin.specs if isinstance(spec, kind)]
    return choose(kind, first.name, params, installed(), at="name", params_at="params")


def test_there_is_one_for_every_version_that_is_promised_to_work() -> None:
    assert {folder.name for folder in FROZEN.iterdir()} >= set(PROMISED)


def digest_of(folder: Path) -> str:
    """Hash of the names and the text of all files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            text = path.read_text(encoding="utf-8")
            digest.update(f"{path.relative_to(folder).as_posix()}\n{text}\n".encode())
    return digest.hexdigest()


def test_it_is_what_it_was_when_it_was_frozen(version: str) -> None:
    assert digest_of(FROZEN / version) == DIGESTS[version]


def test_its_requirement_admits_the_version_after_its_own(version: str) -> None:
    metadata = Distribution.at(FROZEN / version).requires or []
    wanted = Requirement(metadata[0]).specifier
    major, minor = (int(part) for part in version.split("."))
    assert wanted.contains(f"{major}.{minor}.7")
    assert wanted.contains(f"{major}.{minor + 1}.7")
    assert not wanted.contains(f"{major}.{minor + 2}.0")


def test_it_is_found_with_all_that_it_offers(built: Plugin, version: str) -> None:
    assert (built.status, built.reason) == ("ok", "")
    source = (FROZEN / version / f"{built.name}" / "plugin.py").read_text(encoding="utf-8")
    implemented = {kind for hook, kind in HOOKS.items() if f"def {hook}(" in source}
    assert {type(spec) for spec in built.specs} == implemented
    assert len(implemented) >= 6


def test_its_small_parts_do_their_work(built: Plugin) -> None:
    dataset = chosen(DatasetSpec, built, each=4)
    samples = dataset.function("load")(dataset.params, root=None)
    assert samples.counts == {"light": 4, "dark": 4}
    augmentation = chosen(AugmentationSpec, built)
    image = samples.images[0]
    shaded = augmentation.function("apply")(image, np.random.default_rng(0), augmentation.params)
    assert (shaded.shape, shaded.dtype) == (image.shape, image.dtype)
    metric = chosen(MetricSpec, built, power=2.0)
    judged = metric.function("compute")(
        np.array([0, 1]), np.full((2, 2), 0.5), classes=("light", "dark"), params=metric.params
    )
    assert judged == 0.25


@pytest.mark.slow
def test_all_that_it_offers_is_used_in_one_run(built: Plugin, tmp_path: Path, version: str) -> None:
    tag = version.replace(".", "_")
    finished = cellclf.run(
        data={"dataset": f"dots_{tag}", "image_size": 16},
        augmentation={"steps": [f"shade_{tag}"]},
        models={f"net_{tag}": {"params": {"weights": "even"}}},
        training={"epochs": 1, "batch_size": 8, "callbacks": [f"note_{tag}"]},
        evaluation={"metrics": [f"trust_{tag}", f"hits_{tag}"]},
        out=tmp_path / "run",
    )
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["models"][f"net_{tag}"]["test"]) == {f"trust_{tag}", f"hits_{tag}"}
    note = tmp_path / "run" / "training" / f"net_{tag}" / f"note_{tag}.txt"
    assert note.read_text(encoding="utf-8") == f"net_{tag} 0 True\n"
    classifier = cellclf.load(finished.bundle(), engine=f"same_{tag}")
    assert classifier.predict_proba(np.zeros((1, 16, 16, 3), np.uint8)).shape == (1, 2)
    assert built.specs
