"""Which small changes of the code no test notices: mutation testing, a module at a time.

    nice -n 19 python benchmarks/mutants.py [--sample 40] [--seed 0] [MODULE ...]

A module is `evaluation/confusion`, for instance; by default all that a figure or a model file rests
on. Each is mutated by mutmut in a copy of the tree, and tried by its own doctests, the test file of
its name, and those of `BESIDES`: what only the tests of other rooms notice counts as survived. With
`--sample`, so many mutants of each module are drawn, and the rate has an exact 95 % interval.
Printed at the end, as Markdown: a row a module, one of all together, in which each counts by how
many mutants it has, and every survivor as a difference.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cellclf.evaluation.proportions import clopper_pearson

ROOT = Path(__file__).resolve().parents[1]

MODULES = (
    *sorted(
        path.relative_to(ROOT / "cellclf").with_suffix("").as_posix()
        for path in (ROOT / "cellclf" / "evaluation").glob("[a-z]*.py")
    ),
    "data/allocation",
    "data/split",
    "data/units",
    "inference/bundle",
    "inference/bundle_header",
    "inference/bundle_tensors",
)

BUNDLES = (
    "tests/inference/test_bundle.py",
    "tests/inference/test_damaged_bundle.py",
    "tests/inference/test_migrations.py",
    "tests/inference/test_senseless_bundle.py",
)

BESIDES: Mapping[str, tuple[str, ...]] = {
    "data/allocation": ("tests/data/test_settling.py",),
    "evaluation/kept_promises": ("tests/evaluation/test_decision.py",),
    "evaluation/metric": ("tests/evaluation/test_estimates.py", "tests/evaluation/test_judge.py"),
    "data/units": ("tests/auditing/test_leaks.py", "tests/data/test_leaks.py"),
    "inference/bundle": ("tests/inference/test_bundle_limits.py", *BUNDLES),
}
"""Test files that try a module without its name."""

ENDLESS = "timeout"
FOUND = ("killed", "segfault", "suspicious", ENDLESS)
"""What mutmut says of a mutant that the tests noticed, the last where they did not end."""

NOBODY = "no mutant has this name"
"""Asked for it, mutmut makes the mutants, finds out which test reaches which, and stops."""

RESULT = re.compile(r"^\s+(\S+): ([a-z ]+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of the mutants of a module.

    Attributes:
        module: Which.
        mutants: How many it has.
        tried: How many were tried.
        noticed: How many of these the tests noticed.
        endless: How many of those were noticed because the tests did not come to an end.
        survivors: The others, each as a difference of the code.
    """

    module: str
    mutants: int
    tried: int
    noticed: int
    endless: int
    survivors: tuple[str, ...]

    @property
    def heading(self) -> str:
        """What stands above the survivors."""
        return f"## {self.module}: {self.noticed} of {self.tried} noticed, of {self.mutants} in all"

    @property
    def row(self) -> str:
        """A row of the table."""
        return row_of(f"`{self.module}`", [self])


def noticed_share(outcomes: Sequence[Outcome]) -> tuple[float, float, float]:
    """Return the share of all mutants that is noticed, and its 95 % interval.

    Each module counts by how many mutants it has, however many of them were tried. The interval is
    that of Clopper and Pearson at the effective number of mutants (Korn and Graubard, 1998): of one
    module it is exact. Where a module has them all noticed, or none, its variance is that of one
    more of each (Agresti and Coull, 1998); what was tried in full has none.
    """
    mutants = sum(one.mutants for one in outcomes)
    share, variance = 0.0, 0.0
    for one in outcomes:
        weight, rate = one.mutants / mutants, one.noticed / one.tried
        share += weight * rate
        if one.tried < one.mutants:
            cautious = rate if 0 < rate < 1 else (one.noticed + 1) / (one.tried + 2)
            variance += weight**2 * cautious * (1 - cautious) / one.tried
    if not variance:
        return share, share, share
    tried = sum(one.tried for one in outcomes)
    number = min(share * (1 - share) / variance, tried) if 0 < share < 1 else tried
    return share, *clopper_pearson(share * number, number)


def row_of(name: str, outcomes: Sequence[Outcome]) -> str:
    """A row of the table, of one module or of several."""
    mutants, tried, endless = (
        sum(getattr(one, what) for one in outcomes) for what in ("mutants", "tried", "endless")
    )
    share, low, high = (100 * value for value in noticed_share(outcomes))
    span = f"{share:.0f} %" if low == high else f"{share:.0f} % ({low:.0f} to {high:.0f})"
    return f"| {name} | {mutants:,} | {tried:,} | {span} | {endless} |"


def fenced(difference: str) -> str:
    return f"```diff\n{difference}\n```"


def copy_tree(to: Path) -> None:
    """Copy what git knows and what it does not ignore."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout
    packed = ("tar", "--null", "-T", "-", "-cf", "-")
    archive = subprocess.run(packed, cwd=ROOT, check=True, input=names, capture_output=True).stdout
    subprocess.run(("tar", "-xf", "-"), cwd=to, check=True, input=archive)


def tests_of(module: str) -> list[str]:
    """Return the test files that a module's mutants are tried by."""
    room, _, name = module.partition("/")
    own = f"tests/{room}/test_{name}.py"
    named = [own] if (ROOT / own).exists() else []
    return [f"cellclf/{module}.py", *dict.fromkeys([*named, *BESIDES.get(module, ())])]


def settings_of(module: str) -> str:
    """Return what mutmut is told, as TOML: JSON's texts and lists are the same in it."""
    told = {
        "source_paths": ["cellclf"],
        "only_mutate": [f"cellclf/{module}.py"],
        "also_copy": ["plugins"],
        "pytest_add_cli_args": ["-p", "no:xdist", "-m", "not slow and not real_data"],
        "pytest_add_cli_args_test_selection": tests_of(module),
        "use_git_change_detection": False,
    }
    lines = (f"{name} = {json.dumps(value)}" for name, value in told.items())
    return "\n".join(["", "[tool.mutmut]", *lines, ""])


def mutmut(*words: str, place: Path) -> str:
    command = (str(Path(sys.executable).with_name("mutmut")), *words)
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    return done.stdout + done.stderr


def statuses(place: Path) -> dict[str, str]:
    return dict(RESULT.findall(mutmut("results", "--all", "true", place=place)))


def outcome(module: str, place: Path, *, sample: int | None, seed: int) -> Outcome:
    """Mutate a module in the copy at `place`, and try its mutants."""
    project = place / "pyproject.toml"
    plain = project.read_text(encoding="utf-8")
    project.write_text(plain + settings_of(module), encoding="utf-8")
    subprocess.run(("rm", "-rf", "mutants"), cwd=place, check=True)
    said = mutmut("run", "--max-children", "1", NOBODY, place=place)
    names = sorted(statuses(place))
    if not names or "nothing matches" not in said:
        sys.exit(f"{module} cannot be tried:\n{said[-2000:]}")
    drawn = (
        names
        if sample is None
        else sorted(random.Random(seed).sample(names, min(sample, len(names))))
    )
    said = mutmut("run", "--max-children", "1", *drawn, place=place)
    found = statuses(place)
    missed = [name for name in drawn if found[name] not in FOUND]
    untried = Counter(found[name] for name in missed)["not checked"]
    if untried:
        sys.exit(f"{untried} mutants of {module} were not tried:\n{said[-2000:]}")
    shown = tuple(mutmut("show", name, place=place).strip() for name in missed)
    project.write_text(plain, encoding="utf-8")
    return Outcome(
        module=module,
        mutants=len(names),
        tried=len(drawn),
        noticed=len(drawn) - len(missed),
        endless=sum(found[name] == ENDLESS for name in drawn),
        survivors=shown,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--sample", type=int, help="mutants of each module; all by default")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    outcomes = []
    with TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        for module in asked.modules or MODULES:
            done = outcome(module, Path(folder), sample=asked.sample, seed=asked.seed)
            outcomes.append(done)
            print(done.heading, *map(fenced, done.survivors), sep="\n\n", end="\n\n", flush=True)
    print("| module | mutants | tried | noticed (95 % interval) | without end |")
    print("| --- | --- | --- | --- | --- |")
    for one in outcomes:
        print(one.row)
    print(row_of("all of them", outcomes))


if __name__ == "__main__":
    main()
