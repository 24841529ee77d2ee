"""Charts of confidence."""

from __future__ import annotations

import numpy as np
import pytest

from cellclf.evaluation.abstention import risk_coverage
from cellclf.evaluation.calibration import reliability
from cellclf.reporting.confidence_plots import acceptance_chart, calibration_chart


def answers(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    prob = rng.dirichlet([4.0, 1.0], n)
    return (rng.random(n) > prob[:, 0]).astype(int), prob


@pytest.mark.parametrize(("threshold", "marked"), [(0.9, True), (2.0, False)])
def test_bins_and_the_threshold_are_drawn(threshold: float, marked: bool) -> None:
    true, prob = answers()
    table = reliability(true, prob)
    curve = risk_coverage(prob.max(axis=1), prob.argmax(axis=1) == true)
    (bins,) = calibration_chart(table, table).axes
    (risk,) = acceptance_chart(curve, threshold=threshold).axes
    drawn = {tuple(line.get_xdata()) for line in bins.get_lines()}
    assert tuple(table["confidence"]) in drawn
    assert (risk.get_legend() is not None) == marked
    if marked:
        share = (prob.max(axis=1) >= threshold).mean()
        assert f"{100 * share:.0f}\xa0% accepted" in risk.get_legend().get_texts()[0].get_text()
