"""One call that tells a plugin's author whether it keeps its contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cellclf.specs import Params, Spec
from cellclf.testing.catalogue import checks_for, named
from cellclf.testing.check import Outcome, require_passed
from cellclf.testing.naming import specs_meant
from cellclf.testing.running import Running
from cellclf.testing.trial import Layout, Trial

__all__ = ["check_plugin", "tried"]


def check_plugin(
    spec: Spec | str,
    *,
    params: Params | Mapping[str, Any] | None = None,
    root: Path | Layout | None = None,
    image_size: int = 32,
    num_classes: int = 3,
    published: bool = True,
    zipped: bool = False,
    only: Collection[str] = (),
    raises: bool = True,
) -> tuple[Outcome, ...]:
    """Try everything that the SDK will ask of what a plugin offers, each check by itself.

    Sets the global seeds and takes a few small training steps; no weights are fetched, and nothing
    is written but to temporary folders.

    Args:
        spec: What is checked; or the name of a plugin or distribution, for all that it offers, or
            a name on offer.
        params: Its parameters; the defaults where left out.
        root: A folder or file that a dataset reads, or a function that lays a tiny set out in an
            empty folder; left out where it needs none.
        image_size: Height and width of the images that a network is tried with, in pixels; never
            less than it can take.
        num_classes: How many classes a network is tried with.
        published: A dataset is somebody's: licence and citation must be there. False for one that
            reads the user's own images.
        zipped: A zip file of `root`, a folder, is read as well, and must give the same samples.
        only: Names of the checks to try, with those that they need; all by default.
        raises: A failure is raised. Otherwise it is among what is returned.

    Returns:
        An outcome a check.

    Raises:
        AssertionError: A check failed; the text lists every one that did.
        PluginError: There is nothing of that name, or no such check.
    """
    outcomes = tuple(
        tried(
            spec,
            params=params,
            root=root,
            image_size=image_size,
            num_classes=num_classes,
            published=published,
            zipped=zipped,
            only=only,
        )
    )
    if raises:
        require_passed(outcomes)
    return outcomes


def tried(spec: Spec | str, *, only: Collection[str] = (), **how: Any) -> Iterator[Outcome]:
    """Yield what comes of each check as soon as it is known.

    Args:
        spec: As `check_plugin` takes it.
        only: As `check_plugin` takes it.
        how: The other arguments of `check_plugin`.

    Raises:
        PluginError: There is nothing of that name, or no such check.
    """
    wanted = {named(name).name for name in only}
    how = {"given": how.pop("params", None), "place": how.pop("root", None), **how}
    for one in specs_meant(spec):
        with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            running = Running(Trial(spec=one, scratch=Path(scratch).resolve(), **how))
            for check in checks_for(one):
                if not wanted or check.name in wanted:
                    yield running.outcome(check)
