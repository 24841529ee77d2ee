"""What a run says of itself: enough to know what its figures rest on, and how long it took."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from cellclf import __version__
from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.pipeline.prepare import Prepared
from cellclf.registry import installed

__all__ = ["Stopwatch", "record_of"]


def record_of(
    planned: Plan,
    prepared: Prepared,
    begun: Mapping[str, Any],
    *,
    status: str,
    network: Mapping[str, Any] | None = None,
    seconds: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return the record of a run, as plain values.

    Args:
        planned: What was asked for.
        prepared: The images and their parts.
        begun: The record so far; a run that goes on, or is reported anew, was trained where it
            says.
        status: `cellclf.run_directory.RUNNING` or `COMPLETE`.
        network: Versions and devices of the backend, once there is one.
        seconds: How long each stage took, by name.
    """
    place = planned.experiment.trained_in
    plugins: list[Chosen[Any]] = [
        planned.dataset,
        *planned.augmentations.values(),
        *planned.models.values(),
        *planned.metrics.values(),
        *planned.callbacks.values(),
    ]
    return {
        "status": status,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": planned.experiment.seed,
        "experiment_fingerprint": planned.experiment.fingerprint,
        "data_fingerprint": prepared.fingerprint,
        "trained_in": begun.get("trained_in") if place is None else str(place),
        "synthetic": planned.dataset.spec.synthetic,
        "leaky": prepared.leaky,
        "leaks": [{"tie": leak.tie, "parts": dict(leak.parts)} for leak in prepared.leaks],
        "calibrated": False,
        "counts": prepared.counts(),
        "unreadable": {
            prepared.samples[row].id: reason for row, reason in prepared.store.unreadable.items()
        },
        "left_out": [asdict(one) for one in prepared.left_out],
        "findings": [asdict(finding) for finding in prepared.audit.findings],
        "sources": [asdict(size) for size in prepared.audit.classes],
        "background_probe": prepared.audit.probe and asdict(prepared.audit.probe),
        "warnings": list(prepared.split.warnings),
        "versions": {
            "cellclf": __version__,
            "python": platform.python_version(),
            **{chosen.distribution: chosen.version for chosen in plugins},
            **{name: version(name) for name in ("numpy", "opencv-python-headless", "pandas")},
            **{name: text for name, text in (network or {}).items() if isinstance(text, str)},
        },
        "plugin_files": installed().plugin_files({chosen.distribution for chosen in plugins}),
        "platform": platform.platform(),
        "devices": list((network or {}).get("devices", ())),
        "seconds": dict(seconds or {}),
    }


class Stopwatch:
    """Seconds that each stage took.

    Attributes:
        laps: Seconds by stage.
    """

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        """Note that a stage has ended, which began where the one before did."""
        now = time.monotonic()
        self.laps[stage] = round(now - self._last, 2)
        self._last = now
