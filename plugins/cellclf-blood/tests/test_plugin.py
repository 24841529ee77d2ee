from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import import_module, resources

from cellclf_blood.params import DemoParams
from cellclf_blood.plugin import cellclf_datasets

HEAVY = ("cv2", "jax", "keras", "matplotlib", "numpy", "pandas", "tensorflow", "torch")


def test_listing_the_plugin_imports_nothing_heavy() -> None:
    script = (
        "import json, sys; from cellclf_blood.plugin import cellclf_datasets; "
        "list(cellclf_datasets()); print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not set(json.loads(run.stdout)) & set(HEAVY)


def test_every_set_names_the_classes_of_the_code_behind_it() -> None:
    for spec in cellclf_datasets():
        module, _, function = spec.load.partition(":")
        code = import_module(module)
        assert callable(getattr(code, function))
        assert spec.classes == code.CLASSES


def test_every_published_set_comes_with_its_licence_citation_and_origin() -> None:
    published = [spec for spec in cellclf_datasets() if not spec.synthetic]
    names = {"blood_cells", "bloodmnist", "bccd", "blood_cell_fields"}
    assert {spec.name for spec in published} == names
    for spec in published:
        assert spec.licence in {"CC BY 4.0", "MIT"}
        assert spec.citation
        assert spec.homepage.startswith("https://")
        assert "Download" in spec.obtain
        assert spec.needs_path


def test_the_published_set_comes_with_its_licence_and_citation() -> None:
    published = next(spec for spec in cellclf_datasets() if spec.name == "blood_cells")
    assert published.licence == "CC BY 4.0"
    assert "Acevedo" in published.citation
    assert "10.1016/j.dib.2020.105474" in published.citation
    assert not published.synthetic


def test_the_rendered_set_says_that_it_is_synthetic_and_needs_no_folder() -> None:
    demo = next(spec for spec in cellclf_datasets() if spec.name == "blood_cells_demo")
    assert demo.synthetic
    assert not demo.needs_path
    assert demo.params is DemoParams


def test_the_quickstart_is_in_the_package_and_runs_the_rendered_set() -> None:
    demo = next(spec for spec in cellclf_datasets() if spec.quickstart is not None)
    package, _, name = str(demo.quickstart).partition(":")
    experiment = tomllib.loads(resources.files(package).joinpath(name).read_text("utf-8"))
    assert experiment["data"]["dataset"] == demo.name
