"""Outcomes of the gate → text for a terminal: what failed and why, then one line an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from pgaudit.core.findings import Finding
from pgaudit.gate import Outcome
from pgaudit.render.columns import GAP
from pgaudit.render.findings import Told, folded_names, told_lines
from pgaudit.render.gate.words import Verdict, counts, in_order, title, totals, verdict
from pgaudit.render.style import BASE
from pgaudit.render.styled import HANGING, Text, broken, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.text import visible

SHOWN = 10
"""Failures of one code that are spelled out for an audit; a thousand tied parameters are one mistake."""
_NAMES = 6
"""Folded names that are listed under a failure."""


def render(outcomes: Sequence[Outcome], options: TableOptions) -> str:
    """Returns all failures and stale entries of baselines, and a verdict an audit; other findings are only counted,
    unless the options are verbose.
    """
    parts: list[Text | str] = []
    for outcome in outcomes:
        lines = [*_findings(outcome, options)]
        if lines and len(outcomes) > 1:
            parts += filled(visible(title(outcome.audit)), options.width, hanging=HANGING, style="bold")
        parts += [*lines, ""] if lines else []
    parts += _verdict(outcomes[0], options) if len(outcomes) == 1 else _verdicts(outcomes, options)
    return printed(parts, options)


def _findings(outcome: Outcome, options: TableOptions) -> Iterator[Text]:
    seen: Counter[str] = Counter()
    said: set[str | None] = set()
    told = []
    for finding in in_order(outcome):
        if not _is_shown(outcome, finding, options):
            continue
        seen[finding.code] += not finding.stops
        if seen[finding.code] <= SHOWN:
            lines = folded_names(finding.params, _NAMES) if len(finding.params) > 1 else []
            names = [part for line in lines for part in broken(line, options.width and options.width - 4)]
            told.append(Told(finding, names, not finding.stops or bool(finding.fix) or finding.hint not in said))
            said.add(finding.hint)  # which keys are known, say
    yield from told_lines(told, options.width, snippets=options.snippets)
    for code, count in seen.items():
        if count > SHOWN:
            yield Text(f"and {count - SHOWN:,} more of {code}", style=BASE)


def _is_shown(outcome: Outcome, finding: Finding, options: TableOptions) -> bool:
    """Whether a finding is spelled out, and not only counted."""
    return options.verbose or outcome.fails(finding) or finding.code == "baseline"


def _verdict(outcome: Outcome, options: TableOptions) -> list[Text]:
    start = Text.assemble(_word(outcome, options), f" {options.marks.dot} ")
    return filled(_counts(outcome, options), options.width, start=start, hanging=HANGING)


_STYLES: dict[Verdict, str] = {"passed": "bold green", "failed": "bold red", "not checked": "bold red"}


def _word(outcome: Outcome, options: TableOptions) -> tuple[str, str]:
    word = verdict(outcome)
    return f"{options.marks.won if word == 'passed' else options.marks.left_out} {word}", _STYLES[word]


def _counts(outcome: Outcome, options: TableOptions) -> list[str]:
    """Numbers with their nouns, and the dots between them."""
    every = all(_is_shown(outcome, finding, options) for finding in outcome.findings)
    words = counts(outcome, "" if every else " (-v)")
    return [*(f"{word} {options.marks.dot}" for word in words[:-1]), words[-1]]


def _verdicts(outcomes: Sequence[Outcome], options: TableOptions) -> list[Text]:
    words = [Text(*_word(outcome, options)) for outcome in outcomes]
    widest = max((word.cells for word in words), default=0)
    names = [visible(title(outcome.audit)) for outcome in outcomes]
    numbers = [_counts(outcome, options) for outcome in outcomes]
    column = max(map(cell_len, names), default=0)
    longest = max((cell_len(" ".join(count)) for count in numbers), default=0)
    beside = options.width is None or widest + column + longest + 2 * GAP <= options.width
    lines = []
    for word, name, count in zip(words, names, numbers, strict=True):
        start = word.append(" " * (widest - word.cells + GAP))
        if beside:
            lines.append(start.append(name + " " * (column - cell_len(name) + GAP)).append(" ".join(count), BASE))
        else:
            lines += filled(name, options.width, start=start, hanging=HANGING)
            start = Text(" " * HANGING)
            lines += filled(count, options.width, start=start, hanging=HANGING, style=BASE)
    return [*lines, *filled(", ".join(totals(outcomes)), options.width, hanging=HANGING, style=BASE)]
