"""From a bundle back to a network, through the plugin of its architecture."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cellclf.data.decode import DECODE_VERSION
from cellclf.errors import BundleError, ExperimentError, PluginError, Problem
from cellclf.inference.bundle import Bundle, BundleManifest
from cellclf.network.outputs import FEATURES
from cellclf.plugin_files import HASHED, how_to_load
from cellclf.registry import SESSION, Registry
from cellclf.schema_problems import schema_problems
from cellclf.specs import ModelSpec, Params

if TYPE_CHECKING:
    import keras

__all__ = ["Architecture", "architecture_of"]

PROBLEMS = 5
"""How many problems a message names."""

LONGEST_PROBLEM = 300
"""Characters of each."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What it takes to rebuild the network of a bundle; made without Keras.

    Attributes:
        bundle: What the bundle holds.
        spec: The architecture, as it is installed.
        params: Its parameters.
        changed: What is said where bundle and architecture do not fit.
    """

    bundle: Bundle
    spec: ModelSpec
    params: Params
    changed: str

    def network(self) -> keras.Model:
        """Build the network, with its weights; imports Keras.

        Raises:
            BundleError: The architecture has changed.
        """
        from cellclf.network.build import build, check_weights, set_weights
        from cellclf.network.outline import outlined

        manifest = self.bundle.manifest
        size, number = manifest.image_size, len(manifest.classes)
        try:
            # A few changed letters of a file can ask for a network that fills the memory.
            outline = outlined(self.spec, self.params, image_size=size, num_classes=number)
            if outline is not None:
                check_weights(outline, self.bundle.weights, model=self.spec.name)
            model = build(self.spec, self.params, image_size=size, num_classes=number)
            set_weights(model, self.bundle.weights)
            _check_outliers(self.bundle, model)
        except ExperimentError as error:
            raise BundleError(f"{self.changed}: {_first(error.problems)}") from error
        except (BundleError, PluginError) as error:
            raise BundleError(f"{self.changed}: {error}") from error
        return model


def architecture_of(path: Path, bundle: Bundle, *, registry: Registry) -> Architecture:
    """Find the architecture of a bundle, and make sure that both fit as far as that shows.

    Args:
        path: Where the bundle is, for messages.
        bundle: What it holds.
        registry: Where the architecture is looked for.

    Raises:
        BundleError: It was made with another image decoder, or its architecture is not installed or
            takes other parameters.
    """
    manifest = bundle.manifest
    _check_decoder(path, manifest)
    spec, version = _architecture(path, manifest, registry)
    changed = (
        f"{path} does not fit the architecture {spec.name!r} of {manifest.distribution} {version}; "
        f"it was made with {manifest.distribution_version}"
    )
    try:
        # As JSON: what was written as that is read as that, sequences as tuples for instance.
        params = spec.params.model_validate_json(json.dumps(manifest.params))
    except ValidationError as error:
        problems = schema_problems(error, root=spec.params, within="params")
        raise BundleError(f"{changed}: {_first(problems)}") from error
    return Architecture(bundle=bundle, spec=spec, params=params, changed=changed)


def _first(problems: Sequence[Problem]) -> str:
    """The first few problems in one line of bounded length: a file can have made up any name."""
    said = "; ".join(str(problem)[:LONGEST_PROBLEM] for problem in problems[:PROBLEMS])
    return "".join(letter if letter.isprintable() else "?" for letter in said)


def _check_outliers(bundle: Bundle, model: keras.Model) -> None:
    features = math.prod(model.get_layer(FEATURES).output.shape[1:])
    if bundle.outliers is not None and len(bundle.outliers.scales) != features:
        raise BundleError(
            f"what tells outliers must be of {features} features. Received: "
            f"{len(bundle.outliers.scales)}"
        )


def _check_decoder(path: Path, manifest: BundleManifest) -> None:
    if manifest.decode_version != DECODE_VERSION:
        raise BundleError(
            f"{path} was trained on images as version {manifest.decode_version} of the decoder "
            f"reads them; this cellclf has version {DECODE_VERSION}, whose pixels differ. Use the "
            f"cellclf it was made with ({manifest.environment.get('cellclf', 'not recorded')}), or "
            "train it again"
        )


def _architecture(
    path: Path, manifest: BundleManifest, registry: Registry
) -> tuple[ModelSpec, str]:
    """The spec that a bundle was made with, and the version of it that is installed."""
    distribution, name = manifest.distribution, manifest.architecture
    try:
        offer = registry.offer(ModelSpec, f"{distribution}/{name}")
    except PluginError as error:
        if distribution == SESSION:
            remedy = "register it with `cellclf.register(spec)` first"
        elif manifest.distribution_version.startswith(HASHED):
            remedy = f"it is a plugin file, {how_to_load(distribution)}"
        else:
            remedy = f"pip install {distribution}"
        raise BundleError(
            f"{path} needs the architecture {name!r} of the distribution {distribution!r}: "
            f"{remedy} (it was trained with version {manifest.distribution_version}). {error}"
        ) from error
    return offer.spec, offer.version
