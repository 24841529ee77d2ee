from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.auditing.appearance import appearance
from cellclf.auditing.background import (
    BackgroundProbe,
    background_findings,
    probe_background,
)
from cellclf.auditing.findings import Finding
from cellclf.data.samples import Sample, Samples

CLASSES = ("a", "b", "c", "d")
EACH = 40
LABELS = np.repeat(np.arange(len(CLASSES)), EACH)
UNITS = np.arange(len(LABELS))


def drawn(*, coloured: tuple[int, ...] = (), seed: int = 11) -> NDArray[np.float32]:
    """Borders of discs whose radius is the class, on a ground that varies from image to image.

    Those of the classes in `coloured` have a frame of the class's own colour.
    """
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:48, :48] - 23.5
    rows = []
    for label in LABELS:
        image = rng.normal(215, 8, (48, 48, 3)) + rng.normal(0, 6, 3)
        image[np.hypot(yy, xx) < 8 + 3 * label] = (120, 60, 150)
        if label in coloured:
            image[:2] = image[-2:] = np.array((200, 190 - 25 * label, 190)) + rng.normal(0, 4, 3)
        rows.append(appearance(np.clip(image, 0, 255).astype(np.uint8))["border"])
    return np.array(rows)


def probed(border: NDArray[np.float32]) -> BackgroundProbe:
    found = probe_background(border, LABELS, UNITS, CLASSES)
    assert found is not None
    return found


def findings(probe: BackgroundProbe | None) -> list[Finding]:
    cells = tuple(
        Sample(id=f"{n:03}", label=CLASSES[label], path=f"{n}") for n, label in enumerate(LABELS)
    )
    return list(background_findings(Samples(samples=cells, classes=CLASSES), probe))


def test_sets_without_a_shortcut_are_near_chance_and_give_no_finding() -> None:
    probes = [probed(drawn(seed=seed)) for seed in (11, 12)]
    assert abs(np.mean([probe.accuracy for probe in probes]) - 0.25) < 0.07
    for probe in probes:
        assert probe.low <= probe.chance
        assert probe.shortcuts == ()
        assert findings(probe) == []


def test_a_border_that_tells_nothing_gives_no_finding() -> None:
    border = np.random.default_rng(2).normal(size=(len(LABELS), 6)).astype(np.float32)
    probe = probed(border)
    assert probe.low <= probe.chance <= probe.high
    assert findings(probe) == []


def test_borders_coloured_by_class_are_a_clear_warning() -> None:
    probe = probed(drawn(coloured=(0, 1, 2, 3)))
    assert probe.low > 0.8
    assert probe.shortcuts == CLASSES
    (warning,) = findings(probe)
    assert (warning.kind, warning.severity) == ("background_shortcut", "warning")
    assert len(warning.files) == len(LABELS)
    assert "chance is 25.0 %" in warning.detail
    assert "the network may learn the slide instead of the cell" in warning.detail


def test_one_class_that_its_border_gives_away_is_a_warning_that_names_it() -> None:
    probe = probed(drawn(coloured=(2,)))
    assert probe.shortcuts == ("c",)
    (warning,) = findings(probe)
    assert warning.severity == "warning"
    assert "gives away 'c'" in warning.detail
    assert warning.files == tuple(f"{n:03}" for n in range(2 * EACH, 3 * EACH))


def test_the_same_seed_gives_the_same_figures() -> None:
    border = drawn(coloured=(1,))
    assert probed(border) == probed(border)


def test_images_of_one_unit_do_not_help_to_recognise_each_other() -> None:
    rng = np.random.default_rng(5)
    # Ten units, each of one class and with a border of its own that has nothing to do with it.
    units = np.repeat(np.arange(40), 4)
    border = rng.normal(size=(40, 6))[units] + rng.normal(0, 0.01, (160, 6))
    labels = np.arange(40)[units] % 4
    kept_whole = probe_background(border.astype(np.float32), labels, units, CLASSES)
    torn_apart = probe_background(border.astype(np.float32), labels, np.arange(160), CLASSES)
    assert kept_whole is not None
    assert torn_apart is not None
    assert kept_whole.accuracy < 0.45
    assert torn_apart.accuracy > 0.9


def test_classes_of_few_units_are_left_out_and_with_one_class_nothing_is_probed() -> None:
    border = drawn()
    few = LABELS < 3
    few[3 * EACH : 3 * EACH + 4] = True
    found = probe_background(border[few], LABELS[few], UNITS[few], CLASSES)
    assert found is not None
    assert found.classes == CLASSES[:3]
    assert probe_background(border[:EACH], LABELS[:EACH], UNITS[:EACH], CLASSES) is None
    assert findings(None) == []


@pytest.mark.parametrize(
    ("low", "given_away", "severity"),
    [(0.24, (0.1, 0.0), None), (0.6, (0.2, 0.3), "note"), (0.7, (0.4, 0.1), "warning")],
)
def test_severity_follows_the_lower_end_of_the_interval(
    low: float, given_away: tuple[float, ...], severity: str | None
) -> None:
    probe = BackgroundProbe(
        accuracy=0.75,
        low=low,
        high=0.8,
        classes=("a", "b"),
        recall=(0.75, 0.75),
        given_away=given_away,
        images=100,
    )
    assert [finding.severity for finding in findings(probe)] == ([severity] if severity else [])
