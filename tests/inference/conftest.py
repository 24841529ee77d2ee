"""Bundles as files, which a test may change."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cellclf.evaluation.outliers import Refusal
from cellclf.inference.bundle import read_bundle, write_bundle
from tests.inference.bundles import MANIFEST, WEIGHTS, decision, outliers, usual


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A bundle of the least that a bundle holds."""
    write_bundle(tmp_path / "tiny.safetensors", MANIFEST, WEIGHTS)
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def decided(tmp_path: Path) -> Path:
    """A bundle with all that a bundle can hold."""
    path = tmp_path / "decided.safetensors"
    refusing = dataclasses.replace(
        decision(), refusal=Refusal(share=0.05, threshold=1.5, samples=60)
    )
    trained = np.arange(4, dtype=np.uint64)
    write_bundle(
        path,
        MANIFEST,
        WEIGHTS,
        decision=refusing,
        outliers=outliers(),
        usual=usual(),
        trained=trained,
    )
    read_bundle(path)
    return path
