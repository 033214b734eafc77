"""What fixes change in a config → a unified diff, as `patch` and `git apply` read it."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterator

from pgaudit.fix import Fixed
from pgaudit.render.styled import Text
from pgaudit.text import visible

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render_patch(of: Fixed, *, colour: bool) -> str:
    """Returns the diff; nothing where nothing would change. Characters that a terminal obeys are made visible."""
    before, after = (_LINES.findall(data.removeprefix(codecs.BOM_UTF8).decode()) for data in (of.before, of.after))
    name = visible(of.path)
    return "".join(_shown(line, colour=colour) for line in _ended(difflib.unified_diff(before, after, name, name)))


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a diff; one that has no end in the file says so, as `diff` does."""
    for line in lines:
        yield from [line] if line.endswith("\n") else [f"{line}\n", "\\ No newline at end of file\n"]


def _shown(line: str, *, colour: bool) -> str:
    """A line with its end, which may be that of another system, and its tabs."""
    end = re.search(r"[\r\n]*\Z", line)
    assert end is not None
    text = "\t".join(map(visible, line[: end.start()].split("\t")))
    style = "bold" if line.startswith(("+++ ", "--- ")) else _STYLES.get(line[0], "")
    return (Text(text, style).ansi() if colour else text) + end[0]
