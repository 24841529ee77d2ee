"""cellclf: from a labelled folder of cell images to a classifier that a laboratory can trust.

    import cellclf

    finished = cellclf.run(data={"dataset": "image_folder", "path": "cells"}, models=["custom_cnn"])
    finished.comparison                          # pandas: one row a model
    cellclf.load(finished.bundle()).predict(["new.jpg"])

Importing this package imports neither NumPy nor Keras and changes no environment variable: every
name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellclf.auditing.audit import Audit
    from cellclf.auditing.findings import Finding
    from cellclf.beginning.audit_data import audit
    from cellclf.beginning.fetch import Fetched, fetch
    from cellclf.counting.batch import batch_report
    from cellclf.counting.counts import Differential
    from cellclf.counting.differential import differential
    from cellclf.data.cached import cached_file
    from cellclf.data.decode import IMAGE_SUFFIXES
    from cellclf.data.download import download
    from cellclf.data.kaggle import download_from_kaggle
    from cellclf.data.listed import ListedFile, Listing
    from cellclf.data.listing import list_files
    from cellclf.data.samples import Sample, Samples
    from cellclf.errors import (
        BundleError,
        CellclfError,
        DataError,
        EngineError,
        ExperimentError,
        ImageError,
        LeakageError,
        LeakageWarning,
        PluginError,
        RunError,
        SplitError,
        TrainingError,
    )
    from cellclf.evaluation.evaluation import Evaluation
    from cellclf.experiment import Experiment
    from cellclf.hookspecs import hookimpl
    from cellclf.inference.bundle import read_bundle
    from cellclf.inference.classified import Classified
    from cellclf.inference.classifier import Classifier
    from cellclf.inference.export import Exported, export
    from cellclf.inference.half import HalfBundle, half_bundle
    from cellclf.inference.loading import load
    from cellclf.inference.locate import find_bundle
    from cellclf.inference.predict import predict
    from cellclf.inference.ray_workers import RayWorkers
    from cellclf.inference.totals import Totals
    from cellclf.judging.compare import Comparison, compare
    from cellclf.judging.evaluate import evaluate
    from cellclf.judging.gain import Gain, gain
    from cellclf.network.backend import prepare_backend
    from cellclf.network.normalization import BatchNormalization
    from cellclf.network.pretrained import copy_weights, published_network
    from cellclf.pipeline.estimator import CellClassifier
    from cellclf.pipeline.finished import FinishedRun
    from cellclf.pipeline.run import run
    from cellclf.pipeline.ship import Shipped, ship
    from cellclf.processors import processor_count
    from cellclf.progress import Progress
    from cellclf.registry import load_plugin_file, register
    from cellclf.specs import (
        AugmentationSpec,
        CallbackContext,
        CallbackSpec,
        DatasetSpec,
        EngineSpec,
        MetricSpec,
        ModelSpec,
        NoParams,
        Params,
        PretrainedSpec,
    )
    from cellclf.standard_error import without_lines
    from cellclf.terms import Part, part_named

__version__ = "0.1.0"

_HOME = {
    "IMAGE_SUFFIXES": "cellclf.data.decode",
    "Audit": "cellclf.auditing.audit",
    "AugmentationSpec": "cellclf.specs",
    "BatchNormalization": "cellclf.network.normalization",
    "BundleError": "cellclf.errors",
    "CallbackContext": "cellclf.specs",
    "CallbackSpec": "cellclf.specs",
    "CellClassifier": "cellclf.pipeline.estimator",
    "CellclfError": "cellclf.errors",
    "Classified": "cellclf.inference.classified",
    "Classifier": "cellclf.inference.classifier",
    "Comparison": "cellclf.judging.compare",
    "DataError": "cellclf.errors",
    "DatasetSpec": "cellclf.specs",
    "Differential": "cellclf.counting.counts",
    "EngineError": "cellclf.errors",
    "EngineSpec": "cellclf.specs",
    "Evaluation": "cellclf.evaluation.evaluation",
    "Experiment": "cellclf.experiment",
    "ExperimentError": "cellclf.errors",
    "Exported": "cellclf.inference.export",
    "Finding": "cellclf.auditing.findings",
    "Fetched": "cellclf.beginning.fetch",
    "FinishedRun": "cellclf.pipeline.finished",
    "Gain": "cellclf.judging.gain",
    "HalfBundle": "cellclf.inference.half",
    "ImageError": "cellclf.errors",
    "LeakageError": "cellclf.errors",
    "LeakageWarning": "cellclf.errors",
    "ListedFile": "cellclf.data.listed",
    "Listing": "cellclf.data.listed",
    "MetricSpec": "cellclf.specs",
    "ModelSpec": "cellclf.specs",
    "NoParams": "cellclf.specs",
    "Params": "cellclf.specs",
    "Part": "cellclf.terms",
    "PluginError": "cellclf.errors",
    "PretrainedSpec": "cellclf.specs",
    "Progress": "cellclf.progress",
    "RayWorkers": "cellclf.inference.ray_workers",
    "RunError": "cellclf.errors",
    "Sample": "cellclf.data.samples",
    "Samples": "cellclf.data.samples",
    "Shipped": "cellclf.pipeline.ship",
    "SplitError": "cellclf.errors",
    "Totals": "cellclf.inference.totals",
    "TrainingError": "cellclf.errors",
    "audit": "cellclf.beginning.audit_data",
    "batch_report": "cellclf.counting.batch",
    "cached_file": "cellclf.data.cached",
    "compare": "cellclf.judging.compare",
    "copy_weights": "cellclf.network.pretrained",
    "differential": "cellclf.counting.differential",
    "download": "cellclf.data.download",
    "download_from_kaggle": "cellclf.data.kaggle",
    "evaluate": "cellclf.judging.evaluate",
    "export": "cellclf.inference.export",
    "fetch": "cellclf.beginning.fetch",
    "find_bundle": "cellclf.inference.locate",
    "gain": "cellclf.judging.gain",
    "half_bundle": "cellclf.inference.half",
    "hookimpl": "cellclf.hookspecs",
    "list_files": "cellclf.data.listing",
    "load": "cellclf.inference.loading",
    "load_plugin_file": "cellclf.registry",
    "part_named": "cellclf.terms",
    "predict": "cellclf.inference.predict",
    "prepare_backend": "cellclf.network.backend",
    "processor_count": "cellclf.processors",
    "published_network": "cellclf.network.pretrained",
    "read_bundle": "cellclf.inference.bundle",
    "register": "cellclf.registry",
    "run": "cellclf.pipeline.run",
    "ship": "cellclf.pipeline.ship",
    "without_lines": "cellclf.standard_error",
}

__all__ = [
    "IMAGE_SUFFIXES",
    "Audit",
    "AugmentationSpec",
    "BatchNormalization",
    "BundleError",
    "CallbackContext",
    "CallbackSpec",
    "CellClassifier",
    "CellclfError",
    "Classified",
    "Classifier",
    "Comparison",
    "DataError",
    "DatasetSpec",
    "Differential",
    "EngineError",
    "EngineSpec",
    "Evaluation",
    "Experiment",
    "ExperimentError",
    "Exported",
    "Fetched",
    "Finding",
    "FinishedRun",
    "Gain",
    "HalfBundle",
    "ImageError",
    "LeakageError",
    "LeakageWarning",
    "ListedFile",
    "Listing",
    "MetricSpec",
    "ModelSpec",
    "NoParams",
    "Params",
    "Part",
    "PluginError",
    "PretrainedSpec",
    "Progress",
    "RayWorkers",
    "RunError",
    "Sample",
    "Samples",
    "Shipped",
    "SplitError",
    "Totals",
    "TrainingError",
    "audit",
    "batch_report",
    "cached_file",
    "compare",
    "copy_weights",
    "differential",
    "download",
    "download_from_kaggle",
    "evaluate",
    "export",
    "fetch",
    "find_bundle",
    "gain",
    "half_bundle",
    "hookimpl",
    "list_files",
    "load",
    "load_plugin_file",
    "part_named",
    "predict",
    "prepare_backend",
    "processor_count",
    "published_network",
    "read_bundle",
    "register",
    "run",
    "ship",
    "without_lines",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module where it lives (PEP 562)."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'cellclf' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
