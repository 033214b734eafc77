"""Outcomes of the gate → annotations of a pull request: errors for what fails, warnings and notices for the rest.

GitHub shows ten of each level a step. What goes beyond stays in the log, and the tenth says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgaudit.gate import Outcome
from pgaudit.render.findings import folded_names
from pgaudit.render.gate.words import in_order, level, located, title, where
from pgaudit.render.github import Level, command
from pgaudit.text import visible

SHOWN = 10
"""Annotations of one level that GitHub shows of a step."""
_LINES = 20
"""Folded names, or places that are not shown, that one annotation spells out."""


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns one annotation a finding, the gravest first; nothing where there is nothing to say."""
    said = list(_annotations(outcomes))
    levels: tuple[Level, ...] = ("error", "warning", "notice")
    commands = [line for each in levels for line in _of_level(each, [one for one in said if one.level == each])]
    return "".join(f"{line}\n" for line in commands)


@dataclass(frozen=True, slots=True)
class _Annotation:
    level: Level
    command: str
    place: str
    """In words, for where it is not shown."""


def _annotations(outcomes: Sequence[Outcome]) -> Iterator[_Annotation]:
    told = [(outcome, finding) for outcome in outcomes for finding in in_order(outcome)]
    for outcome, finding in sorted(told, key=lambda each: not each[1].stops):
        what = "not checked" if finding.stops else finding.title
        heading = f"{what}: {visible(title(outcome.audit))}" if len(outcomes) > 1 else what
        names = folded_names(finding.params, _LINES) if len(finding.params) > 1 else []
        lines = [visible(finding.message), *([visible(finding.hint)] if finding.hint else []), *names]
        loud, at = level(outcome, finding), located(outcome, finding)
        line = command(loud, "\n".join(lines), title=f"pgaudit {heading}", location=at)
        yield _Annotation(loud, line, f"{where(outcome, finding)} {heading}")


def _of_level(loud: Level, annotations: Sequence[_Annotation]) -> Iterator[str]:
    for index, annotation in enumerate(annotations):
        if index == SHOWN - 1 and len(annotations) > SHOWN:
            yield _rest(loud, annotations[index:])
        yield annotation.command


def _rest(loud: Level, hidden: Sequence[_Annotation]) -> str:
    lines = [one.place for one in hidden[:_LINES]]
    lines += [f"and {len(hidden) - _LINES:,} more"] if len(hidden) > _LINES else []
    return command(loud, "\n".join(lines), title=f"pgaudit: {len(hidden):,} more in the log of this step")
