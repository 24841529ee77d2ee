"""From what a user calls a model to the bundle that is meant."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from cellclf.errors import BundleError, PluginError, RunError
from cellclf.packaged import packaged_file
from cellclf.progress import Progress
from cellclf.registry import Registry, installed
from cellclf.run_directory import RunDirectory, read_json
from cellclf.specs import NAME_PATTERN, PretrainedSpec

__all__ = ["find_bundle"]


def find_bundle(
    where: str | os.PathLike[str],
    *,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> Path:
    """Find the bundle that `where` stands for.

    Args:
        where: A bundle; the directory of a complete run, of which the best model is meant; or the
            name of a model that comes with a plugin, also as `distribution/name`. A file or folder
            of that name goes first.
        registry: Where a name is looked for; the installed plugins by default.
        progress: Told where a name stands for a file or folder and for a plugin's model too; a
            warning says it where there is none.

    Raises:
        BundleError: There is none, the run is not complete, or more than one plugin offers a model
            of that name.
    """
    path, text = Path(where), os.fspath(where)
    if path.exists():
        other = _other_meaning(text, registry)
        if other:
            said = f"Using {path}, which is here, and not {other}"
            warnings.warn(said, stacklevel=2) if progress is None else progress.say(said)
        return _best_of(RunDirectory(path), other) if path.is_dir() else path
    named = text.rpartition("/")[0]
    plugins = registry or installed()
    if path.suffix or (named and named not in {one.distribution for one in plugins.plugins}):
        return path  # whoever reads it says what is wrong with it
    return _shipped(text, plugins)


def _shipped(name: str, registry: Registry) -> Path:
    """The bundle that comes with a plugin under a name."""
    bare = name.rpartition("/")[2]
    try:
        if bare in registry.names(PretrainedSpec):
            return packaged_file(registry.get(PretrainedSpec, name).bundle)
    except PluginError as error:
        raise BundleError(str(error)) from error
    unknown = registry.unknown("trained model", name, registry.names(PretrainedSpec))
    raise BundleError(
        "`model` must be a bundle (*.safetensors), a run directory, or a trained model that comes "
        f"with a plugin. There is no such file or folder, and {unknown}"
    )


def _other_meaning(name: str, registry: Registry | None) -> str:
    """What else a name of something that exists stands for; empty where nothing."""
    if not NAME_PATTERN.fullmatch(name):
        return ""  # the plugins need not be asked
    plugins = registry or installed()
    offering = [
        plugin.distribution
        for plugin in plugins.plugins
        for spec in plugin.specs
        if isinstance(spec, PretrainedSpec) and spec.name == name
    ]
    return f"the model that comes with a plugin, {offering[0]}/{name}" if offering else ""


def _best_of(run: RunDirectory, other: str = "") -> Path:
    """The best model of a run; `other` is what else its name stands for."""
    bundles = run.bundles()
    choices = "".join(f"\n    {path}" for path in bundles.values())
    try:
        complete = run.is_complete()
        best = str(read_json(run.metrics_file)["best"]) if complete else ""
    except (RunError, KeyError) as error:
        raise BundleError(f"{run.path} does not say which of its models is best: {error}") from None
    if complete and best in bundles:
        return bundles[best]
    if complete:
        raise BundleError(f"{run.path} holds no model {best!r}, which it says is its best")
    if bundles:
        raise BundleError(
            f"the run in {run.path} is not complete: the command that began it goes on with it, or "
            f"name one of the models that it has:{choices}"
        )
    raise BundleError(
        f"{run.path} must be the directory of a complete run: it holds no model. If its run was "
        f"stopped, the same command goes on with it{f'. Or name {other}' * bool(other)}"
    )
