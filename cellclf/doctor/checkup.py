"""The whole installation looked at: versions, machine, backend, cache and plugins."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement

from cellclf import __version__
from cellclf.doctor.backend import Backend, backend, unfit_backend
from cellclf.doctor.diagnose import diagnose, worst_first
from cellclf.doctor.distributions import core_distribution, unmet
from cellclf.doctor.finding import Diagnosis, Finding, healthy
from cellclf.doctor.machine import CachePlace, Machine, cache_place, machine, unfit_cache
from cellclf.network.backend import BACKENDS

__all__ = ["Checkup", "check_up"]


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """What an installation is, and what is wrong with it.

    Attributes:
        version: That of cellclf.
        python: That of Python, with its kind.
        system: The operating system.
        versions: Of everything that cellclf computes with, by name; what is not there is not named.
        machine: Processors and memory.
        backend: What Keras computes with.
        cache: The folder for what can be made again.
        plugins: What came of the plugins, each imported by itself.
        findings: What is wrong with all of these, worst first.
    """

    version: str
    python: str
    system: str
    versions: Mapping[str, str]
    machine: Machine
    backend: Backend
    cache: CachePlace
    plugins: Diagnosis
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether everything works that is meant to."""
        return healthy(self.findings)


def check_up(*, devices: bool) -> Checkup:
    """Look at the installation; no backend and no plugin is imported into this process.

    Args:
        devices: Ask the backend what it can compute on, which takes seconds.
    """
    with ThreadPoolExecutor(max_workers=1) as aside:
        answer = aside.submit(backend, devices=devices)
        plugins, cache, here = diagnose(), cache_place(), machine()
        found = answer.result()
    core = core_distribution()
    own = () if core is None else tuple(unmet(core))
    findings = (*own, *unfit_backend(found), *unfit_cache(cache), *plugins.findings)
    return Checkup(
        version=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=platform.platform(),
        versions=_versions(() if core is None else core.requires),
        machine=here,
        backend=found,
        cache=cache,
        plugins=plugins,
        findings=worst_first(findings),
    )


def _versions(requires: tuple[str, ...]) -> dict[str, str]:
    """Version of each backend, and of each distribution that is required, where it is there."""
    found = {}
    for name in sorted({*BACKENDS, *(Requirement(line).name for line in requires)}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
