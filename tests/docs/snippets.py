"""The pages for people, and the snippets in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FOR_AUTHORS", "PAGES", "ROOT", "Snippet", "snippets", "title_of"]

ROOT = Path(__file__).parents[2]

PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "plugins").glob("*/README.md")),
)

FOR_AUTHORS = tuple(
    page for page in PAGES if {"tutorials", "plugins"} & set(page.relative_to(ROOT).parts[1:-1])
)
"""Pages whose commands install a plugin, so that they need an environment of their own."""

FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A fenced block and the language that it says it is in."""

    language: str
    text: str

    @property
    def commands(self) -> tuple[str, ...]:
        """Its `cellclf` commands, without comments and prompts."""
        lines = (line.removeprefix("$ ") for line in self.text.splitlines())
        return tuple(line for line in lines if re.match(r"([A-Z_]+=\S+ )*cellclf ", line))

    @property
    def file_name(self) -> str | None:
        """The file that it is to be saved as, if its first line says so."""
        found = re.match(r"# (\S+\.\w+)$", self.text.partition("\n")[0])
        return found[1] if found else None


def snippets(page: Path, *languages: str) -> tuple[Snippet, ...]:
    """The fenced blocks of a page that are in one of `languages`, in order."""
    found = []
    for indent, language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        text = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        found.append(Snippet(language=language, text=text))
    return tuple(snippet for snippet in found if snippet.language in languages)


def title_of(page: Path) -> str:
    """What a failing test calls the page."""
    return page.relative_to(ROOT).as_posix()
