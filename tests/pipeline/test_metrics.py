"""Metrics of plugins, ready to be called."""

from __future__ import annotations

import numpy as np
import pytest

from cellclf.errors import PluginError
from cellclf.pipeline.metrics import core_metrics, metrics_named
from cellclf.registry import installed
from cellclf.specs import MetricSpec


def test_the_core_brings_its_metrics_in_its_own_order() -> None:
    names = [metric.name for metric in core_metrics()]
    assert names == installed().core_names(MetricSpec)
    assert names[0] == "accuracy"


def test_a_metric_that_is_named_can_be_called() -> None:
    (metric,) = metrics_named(["cellclf/accuracy"], installed())
    y_prob = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    assert metric.figures(np.array([0, 1]), y_prob, ("a", "b")) == {"": 0.5}


def test_a_metric_that_nobody_offers_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(PluginError, match="Did you mean 'accuracy'"):
        metrics_named(["acuracy"], installed())
