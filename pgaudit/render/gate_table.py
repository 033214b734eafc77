"""Outcomes of the gate → text for a terminal: what failed and why, then one line an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from pgaudit.core.findings import Finding, Severity
from pgaudit.gate import Outcome
from pgaudit.render.columns import GAP
from pgaudit.render.gate_words import Verdict, folded, in_order, title, verdict
from pgaudit.render.style import BASE, LEFT_OUT, SEVERITY_STYLES
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.render.wrap import HANGING, append_words, broken
from pgaudit.text import counted, visible

SHOWN = 10
"""Failures of one code that are spelled out for an audit; a thousand tied parameters are one mistake."""
_NAMES = 6
"""Folded names that are listed under a failure."""


def render_gate_table(outcomes: Sequence[Outcome], options: TableOptions) -> str:
    """Returns all failures and stale entries of baselines, and a verdict an audit; other findings are only counted,
    unless the options are verbose.
    """
    parts: list[Text | str] = []
    for outcome in outcomes:
        told = [*_account(outcome, options)]
        if told and len(outcomes) > 1:
            heading = Text()
            append_words(heading, visible(title(outcome.audit)), options.width, "bold")
            told.insert(0, _trimmed(heading))
        parts += [*told, ""] if told else []
    parts += [_verdict(outcomes[0], options)] if len(outcomes) == 1 else _verdicts(outcomes, options)
    return printed(parts, options)


def _trimmed(text: Text) -> Text:
    text.rstrip()
    return text


def _account(outcome: Outcome, options: TableOptions) -> Iterator[Text]:
    seen: Counter[str] = Counter()
    for finding in in_order(outcome):
        if not _is_told(outcome, finding, options):
            continue
        seen[finding.code] += not finding.stops
        if seen[finding.code] <= SHOWN:
            yield _finding(finding, options)
    for code, count in seen.items():
        if count > SHOWN:
            yield Text(f"and {count - SHOWN:,} more of {code}", style=BASE)


def _is_told(outcome: Outcome, finding: Finding, options: TableOptions) -> bool:
    """Whether a finding is spelled out, and not only counted."""
    return options.verbose or outcome.fails(finding) or finding.code == "baseline"


def _finding(finding: Finding, options: TableOptions) -> Text:
    """A message after its place and code, its parameters, and its hint. A place that leaves no room stands alone."""
    head = finding.title if finding.stops else f"{finding.title} [{finding.severity}]"
    where = visible(finding.location or "")
    alone = options.width is not None and cell_len(where) + GAP + cell_len(head) > options.width
    text = Text(f"{where}{f'{chr(10)}  ' if alone else '  '}" if where else "")
    text.append(head, style=LEFT_OUT if finding.stops else SEVERITY_STYLES[finding.severity])
    text.append("  ")
    append_words(text, visible(finding.message), options.width)
    if len(finding.params) > 1:
        text.append("".join(f"    {line}\n" for line in _names(finding.params, options)))
    if finding.hint:
        text.append("  ")
        append_words(text, visible(finding.hint), options.width, BASE)
    return _trimmed(text)


def _names(names: Sequence[str], options: TableOptions) -> Iterator[str]:
    for name in folded(names, _NAMES):
        yield from broken(name, options.width and options.width - 4)


def _verdict(outcome: Outcome, options: TableOptions) -> Text:
    word, style = _word(outcome, options)
    text = Text.assemble((word, style), f" {options.marks.dot} ")
    append_words(text, _counts(outcome, options), options.width)
    return _trimmed(text)


_STYLES: dict[Verdict, str] = {"passed": "bold green", "failed": "bold red", "not checked": "bold red"}


def _word(outcome: Outcome, options: TableOptions) -> tuple[str, str]:
    word = verdict(outcome)
    return f"{options.marks.won if word == 'passed' else options.marks.left_out} {word}", _STYLES[word]


def _counts(outcome: Outcome, options: TableOptions) -> list[str]:
    """Numbers with their nouns, and the dots between them."""
    if outcome.errors:
        return [counted(len(outcome.errors), "problem")]
    severities = Counter(finding.severity for finding in outcome.others)
    words = [counted(outcome.parameters, "tensor"), counted(len(outcome.failures), "failure")]
    words += [counted(severities[severity], noun) for severity, noun in _NOUNS.items() if severities[severity]]
    words[-1] += "" if all(_is_told(outcome, finding, options) for finding in outcome.findings) else " (-v)"
    words += [f"{outcome.ignored} ignored"] if outcome.ignored else []
    return [*(f"{word} {options.marks.dot}" for word in words[:-1]), words[-1]]


_NOUNS: dict[Severity, str] = {"error": "other error", "warning": "warning", "info": "info"}


def _verdicts(outcomes: Sequence[Outcome], options: TableOptions) -> list[Text]:
    words = [_word(outcome, options) for outcome in outcomes]
    widest = max((cell_len(word) for word, _ in words), default=0)
    names = [visible(title(outcome.audit)) for outcome in outcomes]
    counts = [_counts(outcome, options) for outcome in outcomes]
    column = max(map(cell_len, names), default=0)
    room = None if options.width is None else options.width - widest - 2 * GAP
    beside = room is None or column + max((cell_len(" ".join(count)) for count in counts), default=0) <= room
    lines = []
    for (word, style), name, count in zip(words, names, counts, strict=True):
        line = Text.assemble((word, style), " " * (widest - cell_len(word) + GAP))
        if beside:
            line.append(name + " " * (column - cell_len(name) + GAP))
            line.append(" ".join(count), style=BASE)
        else:
            append_words(line, name, options.width)
            line.append(" " * HANGING)
            append_words(line, count, options.width, BASE)
        lines.append(_trimmed(line))
    totals = Counter(map(verdict, outcomes))
    total = Text()
    kinds = [f"{totals[word]} {word}" for word in _STYLES if totals[word]]
    append_words(total, ", ".join([counted(len(outcomes), "audit"), *kinds]), options.width, BASE)
    return [*lines, _trimmed(total)]
