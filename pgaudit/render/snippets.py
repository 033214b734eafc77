"""The line of a file that findings point to, with a caret under each place and its hint beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rich.cells import cell_len

from pgaudit.core.findings import FIXABLE, Finding
from pgaudit.files.inputs import read_bytes
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.styled import Text, filled
from pgaudit.text import visible
from pgaudit.user_code.imports import is_file

T = TypeVar("T")
_INDENT = 2
_MOST_BYTES = 1 << 20
_LEAST_ROOM = 16
_ENDS = re.compile(r"\r\n|[\n\r]")
_YAML_ENDS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_WORD = re.compile(r"""'[^']*'|"[^"]*"|[^\s,:{}\[\]#'"]+|.""")
_CUT = "..."


def by_line(things: Iterable[T], finding_of: Callable[[T], Finding]) -> Iterator[list[T]]:
    """Yields neighbours together that are about the same line of a file, and so share a snippet."""
    run: list[T] = []
    for each in things:
        if run and not _same_line(finding_of(run[-1]), finding_of(each)):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _same_line(one: Finding, other: Finding) -> bool:
    a, b = one.location, other.location
    return a is not None and b is not None and a.line is not None and (a.path, a.line) == (b.path, b.line)


def snippet(findings: Sequence[Finding], hints: Sequence[str | None], width: int | None) -> list[Text]:
    """Returns the line that findings are about, and below it a caret for each place with its hint; nothing if there is
    no such line, or no room for it.

    Args:
        findings: all about one line, see :func:`by_line`.
        hints: what is said beside the caret of each.
        width: cells of the terminal.
    """
    at = findings[0].location
    lines = file_lines(at.path) if at is not None and at.path is not None else ()
    if at is None or at.line is None or at.line > len(lines):
        return []
    number = " " * _INDENT + str(at.line)
    gutter = " " * len(number) + " | "
    room = None if width is None else width - len(gutter)
    if room is not None and room < _LEAST_ROOM:
        return []
    line = lines[at.line - 1]
    spans = [_span(finding, line) for finding in findings]
    first, last = _window(line, min(spans)[0], room)
    shown = shown_line(line[first:last])
    cut = Text(_CUT if first else "", BASE), Text(_CUT if last < len(line) else "", BASE)
    found = [Text.assemble((f"{number} | ", BASE), cut[0], shown, cut[1]).rstrip()]
    for finding, hint, (start, end) in zip(findings, hints, spans, strict=True):
        before = cut[0].cells + cell_len(shown_line(line[first : max(start, first)]))
        carets = "^" * max(cell_len(shown_line(line[max(start, first) : min(end, last)])), start < last)
        if not carets and not hint:
            continue
        under = Text(gutter, BASE)
        if carets:
            under.append(" " * before).append(carets, SEVERITY_STYLES[finding.severity]).append(" ")
        found += _labelled(under, hint, gutter, width)
    return found


def file_lines(path: str) -> tuple[str, ...]:
    """Returns the lines of a file; none of what cannot be read once more."""
    try:
        data = read_bytes(path, _MOST_BYTES) if is_file(path) else b""
    except (OSError, ValueError):
        data = b""
    ends = _YAML_ENDS if path.endswith(FIXABLE) else _ENDS
    return tuple(ends.split(data.decode("utf-8-sig", errors="replace"))) if data else ()


def shown_line(text: str) -> str:
    """Returns a line of a file, or a part of one, as a screen shows it."""
    return visible(text.replace("\t", " "))


def _span(finding: Finding, line: str) -> tuple[int, int]:
    """Where in its line a finding points to: the word that it is about, in quotes or not. What has no column points to
    the end of the line, where no caret stands.
    """
    column = finding.location.column if finding.location else None
    if column is None:
        return len(line), len(line)
    start = min(column - 1, len(line))
    for word in (finding.fix.old if finding.fix else None, finding.key):
        if word and line.startswith(word, start):
            return start, start + len(word)
    found = _WORD.match(line, start)
    return start, found.end() if found else start


def _window(line: str, start: int, room: int | None) -> tuple[int, int]:
    """Which part of a line is shown: all of it where there is room, or else what is around a place."""
    if room is None or cell_len(shown_line(line)) <= room:
        return 0, len(line)
    first = 0 if cell_len(shown_line(line[:start])) < room // 2 else max(start - room // 4, 0)
    room -= len(_CUT) * (1 + bool(first))
    last = first
    while last < len(line) and cell_len(shown_line(line[first : last + 1])) <= room:
        last += 1
    return first, last


def _labelled(under: Text, hint: str | None, gutter: str, width: int | None) -> list[Text]:
    """A line of carets, and a hint beside them; it goes on below where there is no room for it."""
    if not hint:
        return [under.rstrip()]
    lines = filled(visible(hint), width, start=under, hanging=len(gutter) + _INDENT)
    margin = Text(gutter.rstrip(), BASE)
    return [lines[0], *(Text.joined([margin, each[len(margin.plain) :]], "") for each in lines[1:])]
