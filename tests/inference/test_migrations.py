"""Bundles of every earlier schema are read, and say what they said when they were written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.errors import BundleError
from cellclf.inference.bundle import SCHEMA_VERSION, read_bundle
from cellclf.inference.loading import load_bundles
from cellclf.inference.migrations import MIGRATIONS, migrated
from cellclf.registry import Plugin, Registry
from tests.inference import stored_bundle
from tests.inference.bundles import same, with_manifest
from tests.inference.stored_bundle import DECISION, MANIFEST, OUTLIERS, STORED, USUAL, WEIGHTS
from tests.tiny import TINY

REGISTRY = Registry(
    [Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(TINY,))]
)

schemas = pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION))


def stored(schema: int) -> Path:
    return STORED / f"schema_{schema}.safetensors"


def squares(number: int = 12) -> NDArray[np.uint8]:
    """Chequered images, dark ones first."""
    rng = np.random.default_rng(0)
    coarse = (
        rng.integers(0, 256, (number, 4, 4, 3)) * np.linspace(0.1, 1, number)[:, None, None, None]
    )
    return coarse.astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)


def written_schema(path: Path) -> int:
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    version: int = json.loads(header["__metadata__"]["cellclf"])["manifest"]["schema_version"]
    return version


@schemas
def test_a_stored_bundle_holds_what_was_put_in(schema: int) -> None:
    assert written_schema(stored(schema)) == schema
    bundle = read_bundle(stored(schema))
    assert bundle.manifest == MANIFEST.model_copy(update={"thresholds": DECISION.thresholds()})
    assert same(bundle.weights, WEIGHTS)
    assert bundle.decision is not None
    assert bundle.decision.thresholds() == DECISION.thresholds()
    assert same(bundle.decision.arrays(), DECISION.arrays())
    assert bundle.outliers is not None
    assert same(bundle.outliers.arrays(), OUTLIERS.arrays())
    assert bundle.usual is not None
    assert same(bundle.usual.arrays(), USUAL.arrays())
    np.testing.assert_array_equal(bundle.trained, stored_bundle.TRAINED)


@schemas
def test_a_stored_bundle_answers_as_one_that_is_written_now(schema: int, tmp_path: Path) -> None:
    new = tmp_path / "new.safetensors"
    stored_bundle.write(new)
    assert written_schema(new) == SCHEMA_VERSION
    then, now = (load_bundles(path, registry=REGISTRY) for path in (stored(schema), new))
    given, wanted = then.predict(squares()), now.predict(squares())
    assert given.equals(wanted)
    assert 0 < given["review"].sum() < len(given)
    assert 0 < (given["predicted"] == "unidentified").sum() < len(given)


@schemas
def test_a_stored_bundle_is_held_against_its_digest(schema: int, tmp_path: Path) -> None:
    path = tmp_path / "changed.safetensors"
    shutil.copy(stored(schema), path)
    with_manifest(path, classes=["round", "long", "square"])
    with pytest.raises(BundleError, match="not those that were written"):
        read_bundle(path)


def test_every_schema_but_the_present_one_has_a_stored_bundle_and_a_step() -> None:
    names = {path.name for path in STORED.iterdir()}
    assert names == {stored(schema).name for schema in range(1, SCHEMA_VERSION)}
    assert len(MIGRATIONS) == SCHEMA_VERSION - 1


@pytest.mark.parametrize(
    ("thresholds", "calibrated"),
    [({"temperature": 1.5}, True), ({}, False)],
    ids=["calibrated", "not"],
)
def test_schema_1_said_twice_whether_it_is_calibrated(thresholds: Any, calibrated: bool) -> None:
    written = {"schema_version": 1, "thresholds": thresholds, "calibrated": calibrated}
    before = dict(written)
    assert migrated(written) == {"schema_version": SCHEMA_VERSION, "thresholds": thresholds}
    assert written == before
    with pytest.raises(ValueError, match="calibrated"):
        migrated({**written, "calibrated": not calibrated})


@pytest.mark.parametrize("version", [None, 0, -1, True, 1.0, "1", SCHEMA_VERSION + 1])
def test_a_manifest_of_no_known_schema_is_not_brought_anywhere(version: object) -> None:
    with pytest.raises(ValueError, match="whole number from 1"):
        migrated({"schema_version": version})
    with pytest.raises(ValueError, match="whole number from 1"):
        migrated({})
