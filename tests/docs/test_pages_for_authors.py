"""The pages for authors of plugins are complete; `.ci/new_plugins` follows each to its end."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cellclf.registry import HOOKS
from cellclf.specs import Spec
from tests.docs.snippets import ROOT


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_page_with_every_field_of_its_spec(hook: str) -> None:
    kind = HOOKS[hook]
    page = (ROOT / f"docs/how-to/plugins/{kind.kind}.md").read_text(encoding="utf-8")
    tables = "".join(line for line in page.splitlines() if line.startswith("| `"))
    own = {field.name for field in fields(kind)} - {field.name for field in fields(Spec)}
    assert f"`{hook}`" in page
    assert f"def {hook}():" in page
    assert [name for name in sorted(own) if f"`{name}`" not in tables] == []


def test_the_fields_of_every_spec_are_on_the_page_of_all() -> None:
    page = (ROOT / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8")
    assert [field.name for field in fields(Spec) if f"| `{field.name}` |" not in page] == []
    assert [hook for hook in HOOKS if f"| `{hook}` |" not in page] == []
