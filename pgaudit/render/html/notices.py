"""Findings, and the text of the files that they and the rules point into, as a page shows them side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pgaudit.core.findings import SEVERITIES, Finding
from pgaudit.core.location import Location
from pgaudit.render.findings import SHOWN
from pgaudit.render.snippets import file_lines, shown_line
from pgaudit.report import Report
from pgaudit.serialize import portable, portable_location
from pgaudit.text import visible

_LONG = 400
"""Lines of a file from which on only what is near the places is shown."""
_NEAR = 5
_MOST = 100
"""Findings of one code that a page holds."""


@dataclass(frozen=True)
class Notice:
    """A finding on a page."""

    finding: Finding
    key: str
    """What stands for it in the page's address: its code, and, from the second one on, which of them it is."""
    where: str
    anchor: str
    """The line that it points to, as an element of the page; empty where no text is shown."""
    first: bool = True
    """Whether it is one of the first of its code: a thousand tied parameters are one mistake."""

    @property
    def message(self) -> str:
        """What is wrong."""
        return visible(self.finding.message)

    @property
    def hint(self) -> str:
        """What to do about it."""
        return visible(self.finding.hint or "")


class Line(NamedTuple):
    """A line of a file; one without a number stands for lines that are left out."""

    number: int | None
    text: str = ""
    notices: Sequence[Notice] = ()
    anchor: str = ""

    @property
    def severity(self) -> str:
        """That of the gravest finding about it; empty where there is none."""
        return min((each.finding.severity for each in self.notices), key=SEVERITIES.index, default="")


class File(NamedTuple):
    """A file that findings or rules point into."""

    name: str
    lines: Sequence[Line]


def notices_of(report: Report) -> tuple[list[Notice], list[File]]:
    """Returns the findings, not too many of a code, and the files that were read for the report; no file is read
    because a saved report names it.
    """
    paths = _paths(report)
    texts = {path: lines for path in paths if (lines := _text(path))}
    order = {path: place for place, path in enumerate(texts)}
    seen: Counter[str] = Counter()
    notices = []
    for finding in report.findings:
        seen[finding.code] += 1
        key = finding.code if seen[finding.code] == 1 else f"{finding.code}.{seen[finding.code]}"
        where = visible(portable_location(finding.location) or "")
        anchor = _anchor(finding.location, order, texts)
        if seen[finding.code] <= _MOST:
            notices.append(Notice(finding, key, where, anchor, seen[finding.code] <= SHOWN))
    return notices, [File(visible(portable(path)), [*_lines(path, order, texts, notices, report)]) for path in texts]


def _paths(report: Report) -> list[str]:
    if report.basis is None:
        return []
    located = [*(each.location for each in report.findings), *(each.rule.location for each in report.rules)]
    paths = [report.config_path, *(each.path for each in located if each is not None)]
    return [*dict.fromkeys(path for path in paths if path is not None)]


def _text(path: str) -> Sequence[str]:
    """The lines of a file, without the empty one behind the last line's end."""
    lines = file_lines(path)
    return lines[:-1] if lines and not lines[-1] else lines


def _anchor(at: Location | None, order: dict[str, int], texts: dict[str, Sequence[str]]) -> str:
    if at is None or at.path not in texts or at.line is None or at.line > len(texts[at.path]):
        return ""
    return f"line-{order[at.path]}-{at.line}"


def _lines(
    path: str,
    order: dict[str, int],
    texts: dict[str, Sequence[str]],
    notices: Sequence[Notice],
    report: Report,
) -> Iterator[Line]:
    """The lines of a file; of a long one, those near the places that somebody points to."""
    text = texts[path]
    told: dict[str, list[Notice]] = {}
    for each in notices:
        told.setdefault(each.anchor, []).append(each)
    rules = (_anchor(each.rule.location, order, texts) for each in report.rules)
    kept = _kept(len(text), (int(each.rpartition("-")[2]) for each in (*told, *rules) if _is_of(each, order[path])))
    after = 0
    for number in kept:
        if number != after + 1:
            yield Line(None)
        anchor = f"line-{order[path]}-{number}"
        yield Line(number, shown_line(text[number - 1]), told.get(anchor, ()), anchor)
        after = number
    if after != len(text):
        yield Line(None)


def _is_of(anchor: str, file: int) -> bool:
    return anchor.startswith(f"line-{file}-")


def _kept(length: int, places: Iterable[int]) -> Sequence[int]:
    if length <= _LONG:
        return range(1, length + 1)
    near = {number for place in places for number in range(place - _NEAR, place + _NEAR + 1)}
    return sorted(number for number in near if 1 <= number <= length) or range(1, _NEAR + 1)
