"""Findings as a person reads them: ``file:line:column  CODE name  message``, so that terminals and editors make it a
link.
"""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest

from rich.text import Text

from pgaudit.core.findings import SEVERITIES
from pgaudit.render.style import BASE, SEVERITY_STYLES
from pgaudit.render.wrap import append_words
from pgaudit.report import Report
from pgaudit.text import counted, visible

SHOWN = 5
"""Findings of one code that are spelled out; a thousand tied parameters are one mistake."""


def findings_text(report: Report, width: int | None, *, verbose: bool) -> Text:
    """Returns the findings, each with its hint, and a line of counts; infos are only counted unless ``verbose``."""
    text = Text()
    seen: Counter[str] = Counter()
    told = [finding for finding in report.findings if verbose or finding.severity != "info"]
    for finding, following in zip_longest(told, told[1:]):
        seen[finding.code] += 1
        if seen[finding.code] > SHOWN:
            continue
        last = following is None or following.hint != finding.hint or seen[finding.code] == SHOWN
        style = SEVERITY_STYLES[finding.severity]
        where = visible(finding.location or "")
        text.append(f"{where}  " if where else "")
        text.append(finding.title, style=style)
        text.append(f" [{finding.severity}]  ", style=style)
        append_words(text, visible(finding.message), width)
        if finding.hint and last:  # one mistake made five times is fixed once
            text.append("  ")
            append_words(text, visible(finding.hint), width, style=BASE)
    for code, count in seen.items():
        if count > SHOWN:
            text.append(f"  and {count - SHOWN:,} more of {code}\n", style=BASE)
    counts = Counter(finding.severity for finding in report.findings)
    words = [counted(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    if len(told) < len(report.findings):
        words[-1] += " (-v)"
    words += [f"{len(report.ignored)} ignored"] if report.ignored else []
    if told:  # the gravest is the first
        words[-1] += f". pgaudit finding {told[0].code} says what that means"
    append_words(text, ", ".join(words), width, style=BASE)
    text.rstrip()
    return text
