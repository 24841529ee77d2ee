"""The checks of a plugin as a test of pytest's, one test a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cellclf.errors import PluginError, hint
from cellclf.specs import Params, Spec
from cellclf.testing.catalogue import checks_for
from cellclf.testing.check import Check
from cellclf.testing.naming import specs_meant
from cellclf.testing.running import Running
from cellclf.testing.trial import Layout, Trial

__all__ = ["conformance"]


def conformance(
    *specs: Spec | str,
    expected_failures: Mapping[str, str] | None = None,
    params: Params | Mapping[str, Any] | None = None,
    root: Path | Layout | None = None,
    image_size: int = 32,
    num_classes: int = 3,
    published: bool = True,
    zipped: bool = False,
) -> Callable[..., None]:
    """Return a test function for pytest that tries every check of a plugin, one test a check.

        test_conformance = conformance(SPEC)

    A decorator of pytest, such as `pytest.mark.slow`, may be called on what is returned.

    Args:
        specs: What is checked, each as `cellclf.testing.check_plugin` takes it; of several, the
            name of a test begins with kind and name.
        expected_failures: Reason by name of a check that is known to fail. The test is then
            expected to fail, and does so when the check passes.
        params: As `check_plugin` takes it.
        root: As `check_plugin` takes it.
        image_size: As `check_plugin` takes it.
        num_classes: As `check_plugin` takes it.
        published: As `check_plugin` takes it.
        zipped: As `check_plugin` takes it.

    Raises:
        PluginError: There is nothing of that name, or a failure is expected of no check.
    """
    import pytest  # imported here: the command line uses the checks without it

    meant = [one for spec in specs for one in specs_meant(spec)]
    expected = dict(expected_failures or {})
    pairs = [(number, check) for number, one in enumerate(meant) for check in checks_for(one)]
    known = {check.name for _, check in pairs}
    for name in expected:
        if name not in known:
            raise PluginError(
                f"`expected_failures` must name checks that are tried. Received: {name!r}."
                f"{hint(name, sorted(known))}"
            )
    last = dict(pairs)
    under_way: dict[int, Running] = {}

    def begun(number: int, scratch: Path) -> Running:
        return Running(
            Trial(
                spec=meant[number],
                scratch=scratch,
                given=params,
                place=root,
                image_size=image_size,
                num_classes=num_classes,
                published=published,
                zipped=zipped,
            )
        )

    @pytest.mark.parametrize(
        ("number", "check"),
        [
            pytest.param(
                number,
                check,
                id=check.name if len(meant) == 1 else _named(meant[number], check),
                marks=(
                    [pytest.mark.xfail(strict=True, reason=expected[check.name])]
                    if check.name in expected
                    else []
                ),
            )
            for number, check in pairs
        ],
    )
    def test_conformance(
        number: int, check: Check, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        if number not in under_way:
            under_way[number] = begun(number, tmp_path_factory.mktemp("conformance").resolve())
        outcome = under_way[number].outcome(check)
        if check is last[number]:
            del under_way[number]  # networks are large
        if outcome.status == "skipped":
            pytest.skip(outcome.message)
        if outcome.status == "failed":
            raise AssertionError(outcome.message) from outcome.error

    made: Callable[..., None] = test_conformance
    return made


def _named(spec: Spec, check: Check) -> str:
    return f"{spec.kind}-{spec.name}-{check.name}"
