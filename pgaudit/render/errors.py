"""What ends a command → lines on a terminal: where, what, the line of the file, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.findings import Finding
from pgaudit.render.snippets import by_line, snippet
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.styled import HANGING, Text, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.text import visible


def render_errors(findings: Sequence[Finding], options: TableOptions) -> str:
    """Returns errors as text. Those about one line share its snippet, and which keys are known is said once."""
    return printed(_lines(findings, options), options)


def _lines(findings: Sequence[Finding], options: TableOptions) -> Iterator[Text]:
    said: set[str | None] = set()
    for run in by_line(findings, lambda finding: finding):
        for finding in run:
            yield from _head(finding, options)
        hints = [_once(each, said) for each in run]
        below = snippet(run, hints, options.width) if options.snippets else []
        yield from below or _hints(hints, options)
        yield from (Text(f"    {visible(line)}") for each in run for line in each.example)


def _head(finding: Finding, options: TableOptions) -> list[Text]:
    """The first line, as in a pipe: what reads it there finds it here."""
    where = f"{visible(finding.location)}: " if finding.location else ""
    start = Text.assemble((where, "bold"), ("error:", SEVERITY_STYLES["error"]), " ")
    return filled(visible(finding.message), options.width, start=start, hanging=HANGING)


def _hints(hints: Sequence[str | None], options: TableOptions) -> Iterator[Text]:
    for hint in hints:
        if hint:
            yield from filled(visible(hint), options.width, start=Text("  "), hanging=HANGING, style=BASE)


def _once(finding: Finding, said: set[str | None]) -> str | None:
    """A hint that is no fix, such as which keys are known, where it has not been said."""
    if finding.fix is None and finding.hint in said:
        return None
    said.add(finding.hint)
    return finding.hint
