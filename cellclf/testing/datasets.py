"""One call that tells the author of a dataset whether it keeps `DatasetSpec`'s contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from cellclf.registry import installed
from cellclf.specs import DatasetSpec, Params, resolve
from cellclf.testing.loader import Loader
from cellclf.testing.place_checks import check_copy, check_refusals, check_same, check_zip
from cellclf.testing.require import require
from cellclf.testing.sample_checks import (
    check_addresses,
    check_classes,
    check_groups,
    check_ids,
    check_images,
    check_splits,
)

__all__ = ["check_dataset"]

HEAVY = ("jax", "keras", "tensorflow", "torch")
"""What neither listing a dataset nor loading it may import: seconds, before a file is read."""

LISTED_AND_LOADED = f"""
import json, sys
from importlib import import_module
from pathlib import Path
from cellclf.registry import installed
from cellclf.specs import resolve

def heavy():
    return sorted(set({HEAVY!r}) & set(sys.modules))

asked = json.loads(sys.argv[1])
installed()
listed = heavy()
kind = getattr(import_module(asked["module"]), asked["params"])
root = None if asked["root"] is None else Path(asked["root"])
resolve(asked["load"])(kind.model_validate(asked["values"]), root=root)
print(json.dumps([listed, heavy()]))
"""


def check_dataset(
    dataset: DatasetSpec | str,
    params: Params | None = None,
    *,
    root: Path | None = None,
    published: bool = True,
    zipped: bool = False,
) -> None:
    """Load a dataset and try everything that the SDK will ask of it.

    Copies of the files are made in a temporary folder; nothing is written to `root`. That no
    backend is imported is tried in a fresh interpreter, unless `load` is a notebook's or script's
    own, which no other interpreter can import.

    Args:
        dataset: The dataset, or its name where the plugin is installed.
        params: Its parameters; the defaults where left out.
        root: A folder or file that holds the set, or a tiny one in its layout that the test made;
            left out where the set needs none.
        published: The set is somebody's: licence and citation must be there. False for one that
            reads the user's own images.
        zipped: A zip file of `root`, a folder, is read as well, and must give the same samples.

    Raises:
        AssertionError: Something is not as `DatasetSpec` wants it; the text says what.
        PluginError: `load` or `fetch` cannot be imported, or there is no dataset of that name.
    """
    spec = installed().get(DatasetSpec, dataset) if isinstance(dataset, str) else dataset
    loader = Loader(spec=spec, params=spec.params() if params is None else params)
    require(
        (root is not None) or not spec.needs_path,
        f"{loader.name} reads files: give check_dataset a `root` that holds some",
    )
    root = None if root is None else root.absolute()
    _check_params(loader)
    _check_references(spec)
    if published:
        _check_description(loader)
    samples = loader.load(root)
    check_classes(loader, samples)
    check_ids(loader, samples)
    check_groups(loader, samples)
    check_splits(loader, samples)
    check_addresses(loader, samples, root)
    check_images(loader, samples)
    check_same(loader, samples, loader.load(root), "when it is loaded twice")
    with TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        if root is not None:
            check_copy(loader, samples, root, scratch)
        if root is not None and zipped:
            check_zip(loader, samples, root, scratch)
        if spec.needs_path:
            check_refusals(loader, scratch)
    if spec.load.partition(":")[0] != "__main__":
        _check_imports(loader, root)


def _check_params(loader: Loader) -> None:
    try:
        loader.spec.params.model_validate({"no_such_parameter_": 0})
    except ValidationError as error:
        refused = any(problem["type"] == "extra_forbidden" for problem in error.errors())
    else:
        refused = False
    require(
        refused,
        f"the params of {loader.name} must refuse unknown names: subclass cellclf.Params",
    )


def _check_references(spec: DatasetSpec) -> None:
    resolve(spec.load)
    if spec.fetch is not None:
        resolve(spec.fetch)


def _check_description(loader: Loader) -> None:
    """Whoever uses a published set can find out whose it is, and where it comes from."""
    wanted = ["licence", "citation"]
    if loader.spec.needs_path:
        wanted += ["homepage", "obtain"]
    missing = [name for name in wanted if not getattr(loader.spec, name).strip()]
    require(
        not missing,
        f"{loader.name} is published and must say {', '.join(wanted)} in its spec; a set of the "
        f"user's own images is checked with `published=False`. Received: no {', '.join(missing)}",
    )
    homepage = loader.spec.homepage
    require(
        not homepage or homepage.startswith("https://"),
        f"`homepage` of {loader.name} must start with 'https://'. Received: {homepage!r}",
    )


def _check_imports(loader: Loader, root: Path | None) -> None:
    """A fresh interpreter lists and loads the dataset: this one may have imported anything."""
    kind = loader.spec.params
    require(
        kind.__qualname__ == kind.__name__,
        f"the params of {loader.name} must be a class of a module, so that they can be imported. "
        f"Received: {kind.__qualname__}",
    )
    asked = {
        "module": kind.__module__,
        "params": kind.__name__,
        "values": loader.params.model_dump(mode="json"),
        "load": loader.spec.load,
        "root": None if root is None else str(root),
    }
    done = subprocess.run(  # noqa: S603  our own interpreter, our own script
        [sys.executable, "-c", LISTED_AND_LOADED, json.dumps(asked)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=_own_environment(loader.spec),
        check=False,
    )
    require(
        done.returncode == 0,
        f"{loader.name} must load in a fresh interpreter. Received: {done.stderr.strip()[-600:]}",
    )
    listed, loaded = json.loads(done.stdout.splitlines()[-1])
    require(
        not listed,
        f"the plugin of {loader.name} must not import {', '.join(HEAVY)} when it is listed. "
        f"Received: {', '.join(listed)}",
    )
    require(
        not loaded,
        f"`load` of {loader.name} must not import {', '.join(HEAVY)}. "
        f"Received: {', '.join(loaded)}",
    )


def _own_environment(spec: DatasetSpec) -> dict[str, str]:
    """The environment of a process that finds the same modules, and of all plugins this one."""
    offering = [plugin.name for plugin in installed().plugins if spec in plugin.specs]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONIOENCODING": "utf-8",
        "CELLCLF_LOAD_PLUGINS": ",".join(offering),
    }
