"""The pages for people, and the snippets in them.

A block that no test can run says why on the line above it: `<!-- not run: REASON -->`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FOR_AUTHORS", "PAGES", "ROOT", "Snippet", "every_snippet", "snippets", "title_of"]

ROOT = Path(__file__).parents[2]

PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "plugins").glob("*/README.md")),
)

FOR_AUTHORS = tuple(
    page for page in PAGES if {"tutorials", "plugins"} & set(page.relative_to(ROOT).parts[1:-1])
)
"""Pages whose commands install a plugin, so that they need an environment of their own."""

FENCE = re.compile(
    r"^(?:( *)<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
SHELLS = ("sh", "bat")
COMMAND = re.compile(r"([A-Z_]+=\S+ )*(\S*[/\\])?cellclf ")


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A fenced block, the language that it says it is in, and why it is not run, if it is not."""

    language: str
    text: str
    not_run: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """Its commands of every kind, without comments and prompts, a continued one in one line."""
        if self.language not in SHELLS:
            return ()
        joined = re.sub(r" *\\\n\s*", " ", self.text)
        lines = (line.removeprefix("$ ").strip() for line in joined.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))

    @property
    def commands(self) -> tuple[str, ...]:
        """Its `cellclf` commands that a shell finds without a path."""
        return tuple(line for line in self.lines if re.match(r"([A-Z_]+=\S+ )*cellclf ", line))

    @property
    def arguments(self) -> tuple[list[str], ...]:
        """What stands behind `cellclf` in each of its commands, wherever that is and in a pipe."""
        found = []
        for line in self.lines:
            for part in re.split(r" (?:\||&&) ", line):
                words = words_of(part, self.language)
                named = [re.split(r"[/\\]", word)[-1] == "cellclf" for word in words]
                if COMMAND.match(f"{part} ") and any(named):
                    found.append(words[named.index(True) + 1 :])
        return tuple(found)

    @property
    def file_name(self) -> str | None:
        """The file that it is to be saved as, if its first line says so."""
        found = re.match(r"# (\S+\.\w+)$", self.text.partition("\n")[0])
        return found[1] if found else None

    @property
    def file_text(self) -> str:
        """What that file holds: all but the line with its name."""
        return self.text.partition("\n")[2]


def words_of(line: str, language: str) -> list[str]:
    """Split a line as the shell does, up to where its output goes."""
    plain = line.replace("\\", "/") if language == "bat" else line
    words = shlex.split(plain, comments=True)
    return words[: words.index(">")] if ">" in words else words


def every_snippet(page: Path) -> tuple[Snippet, ...]:
    """All fenced blocks of a page, in order."""
    found = []
    for block in FENCE.finditer(page.read_text(encoding="utf-8")):
        text = re.sub(f"^{block['indent']}", "", block["body"], flags=re.MULTILINE)
        found.append(Snippet(language=block["language"], text=text, not_run=block["reason"]))
    return tuple(found)


def snippets(page: Path, *languages: str) -> tuple[Snippet, ...]:
    """The blocks of a page that are in one of `languages` and are run, in order."""
    found = every_snippet(page)
    return tuple(one for one in found if one.language in languages and one.not_run is None)


def title_of(page: Path) -> str:
    """What a failing test calls the page."""
    return page.relative_to(ROOT).as_posix()
