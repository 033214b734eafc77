"""Findings as a person reads them: ``file:line:column  CODE name  message``, so that terminals and editors make it a
link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from pgaudit.core.findings import SEVERITIES, Finding, severity_words
from pgaudit.names import fold_named
from pgaudit.render.columns import GAP
from pgaudit.render.snippets import by_line, snippet
from pgaudit.render.style import BASE, LEFT_OUT, SEVERITY_STYLES
from pgaudit.render.styled import HANGING, Text, filled
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import counted, visible

SHOWN = 5
"""Findings of one code that are spelled out; a thousand tied parameters are one mistake."""


def hinted(finding: Finding) -> str:
    """Returns a message with its hint in parentheses, on one visible line."""
    return visible(f"{finding.message} ({finding.hint})" if finding.hint else finding.message)


def finding_lines(
    finding: Finding,
    width: int | None,
    *,
    indent: int = 0,
    names: Iterable[str] = (),
    hint: bool = True,
    style: str = "",
) -> Iterator[Text]:
    """Yields a finding after its place, which stands alone where it leaves no room for the code; and its hint.

    Args:
        finding: what is wrong.
        width: cells of the terminal.
        indent: cells before the first line.
        names: lines about its parameters.
        hint: whether the hint is wanted.
        style: of the message.
    """
    head = finding.title if finding.stops else f"{finding.title} [{finding.severity}]"
    start, where = Text(" " * indent), visible(finding.location or "")
    if where and width is not None and Text(where + head).cells + indent + GAP > width:
        yield start.append(where)
        start = Text("  ")
    elif where:
        start.append(f"{where}  ")
    start.append(head, LEFT_OUT if finding.stops else SEVERITY_STYLES[finding.severity]).append("  ")
    yield from filled(visible(finding.message), width, start=start, hanging=HANGING, style=style)
    yield from (Text(f"    {name}") for name in names)
    if finding.hint and hint:
        start = Text(" " * (indent + 2))
        yield from filled(visible(finding.hint), width, start=start, hanging=HANGING, style=BASE)


def folded_names(params: Sequence[str], most: int) -> list[str]:
    """Returns parameters as lines, folded over blocks: at most ``most``, and one more that counts the rest."""
    folds = fold_named((name, 0, 0, name) for name in params)
    lines = [visible(fold.name) for fold in folds[:most]]
    rest = sum(len(fold.rows) for fold in folds[most:])
    return [*lines, f"and {counted(rest, 'tensor')} more"] if rest else lines


class Told(NamedTuple):
    """A finding as it is told, with what stands beside it."""

    finding: Finding
    names: Sequence[str] = ()
    """Lines about its parameters."""
    hint: bool = True
    """Whether the hint is wanted."""


def told_lines(told: Iterable[Told], width: int | None, *, snippets: bool) -> Iterator[Text]:
    """Yields findings; with ``snippets``, those about one line of a file before that line, where it can be read."""
    for run in by_line(told, lambda each: each.finding):
        hints = [each.finding.hint if each.hint else None for each in run]
        lines = snippet([each.finding for each in run], hints, width) if snippets else []
        for finding, names, hint in run:
            yield from finding_lines(finding, width, names=names, hint=hint and not lines)
        yield from lines


def findings_lines(report: Report, options: TableOptions) -> Iterator[Text]:
    """Yields the findings, each with its hint, and a line of counts; infos are only counted unless the options are
    verbose. The gravest stand last, nearest to the prompt.
    """
    width = options.width
    shown = [finding for finding in report.findings if options.verbose or finding.severity != "info"]
    shown.sort(key=lambda finding: -SEVERITIES.index(finding.severity))
    seen: Counter[str] = Counter()
    told = []
    for finding, following in zip_longest(shown, shown[1:]):
        seen[finding.code] += 1
        if seen[finding.code] <= SHOWN:
            last = following is None or following.hint != finding.hint or seen[finding.code] == SHOWN
            told.append(Told(finding, hint=last))  # one mistake made five times is fixed once
    yield from told_lines(told, width, snippets=options.snippets)
    for code, count in seen.items():
        if count > SHOWN:
            yield Text(f"  and {count - SHOWN:,} more of {code}", BASE)
    words = severity_words(report.findings)
    if len(shown) < len(report.findings):
        words[-1] += " (-v)"
    words += [f"{len(report.ignored)} ignored"] if report.ignored else []
    fixes = sum(finding.is_fixable_in(report.config_path) for finding in report.findings)
    words += [f"{fixes} with a fix (--fix)"] if fixes else []
    if shown:
        words[-1] += f". pgaudit finding {shown[-1].code} says what that means"
    yield from filled(", ".join(words), width, hanging=HANGING, style=BASE)
