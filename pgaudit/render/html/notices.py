"""Findings, and the text of the files that they and the rules point into, as a page shows them side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
NAMES = 100
"""Folded names of parameters under a finding."""


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
    names: Sequence[str] = ()
    """Its parameters as lines, where a page lists them with it."""

    @property
    def code(self) -> str:
        """What it is called in short: what stops an audit has no code."""
        return self.finding.title if self.finding.stops else self.finding.code

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


def where(finding: Finding) -> str:
    """Returns where a finding is, without this machine's folders; empty where it is nowhere."""
    return visible(portable_location(finding.location) or "")


def notices_of(report: Report) -> tuple[list[Notice], list[File]]:
    """Returns the findings, not too many of a code, and the files that were read for the report; no file is read
    because a saved report names it.
    """
    rules = [each.rule.location for each in report.rules]
    return placed(report.findings, _paths(report), rules)


def placed(
    findings: Iterable[Finding],
    paths: Iterable[str],
    rules: Iterable[Location | None] = (),
    *,
    part: str = "line",
    names_of: Callable[[Finding], Sequence[str]] = lambda _: (),
) -> tuple[list[Notice], list[File]]:
    """Returns findings, not too many of a code, and the files that they point into.

    Args:
        findings: in the order of the page.
        paths: the files that may be read.
        rules: other places that somebody points to.
        part: what begins the names of the lines in the page.
        names_of: returns a finding's parameters as lines.
    """
    texts = {path: lines for path in paths if (lines := text_of(path))}
    order = {path: f"{part}-{place}" for place, path in enumerate(texts)}
    seen: Counter[str] = Counter()
    notices = []
    for finding in findings:
        seen[finding.code] += 1
        key = finding.code if seen[finding.code] == 1 else f"{finding.code}.{seen[finding.code]}"
        anchor = _anchor(finding.location, order, texts)
        if seen[finding.code] <= _MOST:
            first = seen[finding.code] <= SHOWN
            notices.append(Notice(finding, key, where(finding), anchor, first, names_of(finding)))
    told = [*(each.anchor for each in notices), *(_anchor(each, order, texts) for each in rules)]
    files = []
    for path, text in texts.items():
        places = (each.rpartition("-") for each in told)
        kept = _kept(len(text), (int(line) for name, _, line in places if name == order[path]))
        files.append(File(visible(portable(path)), [*_lines(text, kept, order[path], notices)]))
    return notices, files


def _paths(report: Report) -> list[str]:
    if report.basis is None:
        return []
    located = [*(each.location for each in report.findings), *(each.rule.location for each in report.rules)]
    paths = [report.config_path, *(each.path for each in located if each is not None)]
    return [*dict.fromkeys(path for path in paths if path is not None)]


def text_of(path: str) -> Sequence[str]:
    """Returns the lines of a file, without the empty one behind the last line's end; none of what cannot be read."""
    lines = file_lines(path)
    return lines[:-1] if lines and not lines[-1] else lines


def _anchor(at: Location | None, order: Mapping[str, str], texts: Mapping[str, Sequence[str]]) -> str:
    if at is None or at.path is None or at.path not in texts or at.line is None or at.line > len(texts[at.path]):
        return ""
    return f"{order[at.path]}-{at.line}"


def _lines(text: Sequence[str], kept: Sequence[int], name: str, notices: Iterable[Notice]) -> Iterator[Line]:
    """The lines of a file; of a long one, those that are kept."""
    told: dict[str, list[Notice]] = {}
    for each in notices:
        told.setdefault(each.anchor, []).append(each)
    after = 0
    for number in kept:
        if number != after + 1:
            yield Line(None)
        anchor = f"{name}-{number}"
        yield Line(number, shown_line(text[number - 1]), told.get(anchor, ()), anchor)
        after = number
    if after != len(text):
        yield Line(None)


def _kept(length: int, places: Iterable[int]) -> Sequence[int]:
    if length <= _LONG:
        return range(1, length + 1)
    near = {number for place in places for number in range(place - _NEAR, place + _NEAR + 1)}
    return sorted(number for number in near if 1 <= number <= length) or range(1, _NEAR + 1)
