"""The kinds of plugin that can be begun, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cellclf.registry import HOOKS
from cellclf.scaffold.naming import Names
from cellclf.specs import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    Spec,
)

__all__ = ["KINDS", "Kind"]

DEMO = "cellclf run --dataset blood_cells_demo --set data.params.images_per_class=24"
SMALL = "--epochs 2 --image-size 32 --out run"

BROUGHT = {"blood_cells_demo": "cellclf-blood", "custom_cnn": "cellclf-custom-cnn"}
"""Which package brings what the commands use."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of plugin.

    Attributes:
        spec: What it offers.
        does: What the plugin of the templates does, half a line.
        dependencies: What it needs besides cellclf and pydantic.
        check_options: What `cellclf plugins check` is told besides its name.
        before: A command without which there is nothing to check it with.
        use: Commands that use it; `NAME` stands for what it is called.
    """

    spec: type[Spec]
    does: str
    dependencies: tuple[str, ...] = ()
    check_options: str = ""
    before: str = ""
    use: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.spec.kind

    @property
    def hook(self) -> str:
        """The hook that offers it."""
        return next(hook for hook, kind in HOOKS.items() if kind is self.spec)

    @property
    def brought(self) -> tuple[str, ...]:
        """The packages of plugins that its commands use, besides its own."""
        used = " ".join(self.use)
        return tuple(package for name, package in BROUGHT.items() if name in used)

    def commands(self, names: Names, folder: str) -> tuple[str, ...]:
        """Return what comes after `cellclf plugins new`, a command a line.

        Args:
            names: What the plugin is called.
            folder: Where it lies.

        Example:
            >>> KINDS["metric"].commands(Names(name="kappa"), "cellclf-kappa")[1]
            'python -m pytest cellclf-kappa'
        """
        check = f"cellclf plugins check {names.distribution} {self.check_options}".strip()
        place = folder if Path(folder).is_absolute() else f"./{folder}"
        lines = (
            f'python -m pip install -e "{place}[test]"',
            f"python -m pytest {folder}",
            *((self.before,) if self.before else ()),
            check,
            *self.use,
        )
        return tuple(
            line.replace("MODULE", names.module).replace("NAME", names.name) for line in lines
        )


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            spec=DatasetSpec,
            does="Cells of two classes, by patient, from a folder or a zip file",
            dependencies=("numpy>=2.1,<3", "opencv-python-headless>=4.13,<6"),
            before="python -m MODULE.sample cells",
            check_options="--root cells",
            use=(f"cellclf run --dataset NAME --data cells --model custom_cnn {SMALL}",),
        ),
        Kind(
            spec=ModelSpec,
            does="A small residual network",
            dependencies=("keras>=3.13.2,<4",),
            use=(f"{DEMO} --model NAME {SMALL}",),
        ),
        Kind(
            spec=AugmentationSpec,
            does="Stains that have faded, in optical density",
            dependencies=("numpy>=2.1,<3",),
            use=(
                f"{DEMO} --model custom_cnn {SMALL} "
                "--set \"augmentation.steps=['flip', 'rotation', 'NAME']\"",
            ),
        ),
        Kind(
            spec=MetricSpec,
            does="Sensitivity at a given specificity, by class",
            dependencies=("numpy>=2.1,<3",),
            use=(
                f"{DEMO} --model custom_cnn {SMALL} "
                "--set \"evaluation.metrics=['accuracy', 'NAME']\"",
            ),
        ),
        Kind(
            spec=EngineSpec,
            does="OpenVINO on a processor, in float32",
            dependencies=("numpy>=2.1,<3", "openvino>=2025.2,<2027"),
            use=(
                f"{DEMO} --model custom_cnn {SMALL}",
                "cellclf predict run run/figures --engine NAME",
            ),
        ),
        Kind(
            spec=CallbackSpec,
            does="A table of epochs as a CSV file",
            dependencies=("keras>=3.13.2,<4",),
            use=(f"{DEMO} --model custom_cnn {SMALL} --set \"training.callbacks=['NAME']\"",),
        ),
    )
}
"""By the name of the kind."""
