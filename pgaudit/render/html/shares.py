"""How much of a model each rule has decided, or, where no rule did, how much of it each setting has: the bars by which
parameters are chosen.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import deciding_rules
from pgaudit.render.numbers import elements
from pgaudit.render.select import by_group
from pgaudit.render.style import UNICODE, label
from pgaudit.report import Report
from pgaudit.text import visible

COLOURS = 8
"""Those in styles/base.css, beside the grey of what no rule touched and the red of what is left out."""
_LEFT_OUT = "not in the optimizer"


@dataclass(frozen=True)
class Share:
    """A bar."""

    label: str
    key: str
    """What stands for it in a page's address."""
    colour: str
    """Its class in styles/base.css."""
    tensors: int
    numel: int | None
    """Their elements; None where they are not known."""

    @property
    def size(self) -> str:
        """How many elements, as a person reads it."""
        return elements(self.numel)


@dataclass(frozen=True)
class Shares:
    """The bars of a report."""

    bars: Sequence[Share]
    """Most tensors first."""
    by_rule: bool
    """Whether they stand for rules, and not for what groups hold."""

    @property
    def sized(self) -> bool:
        """Whether it is known how many elements each has."""
        return all(bar.numel is not None for bar in self.bars)

    @property
    def most_tensors(self) -> int:
        """The tensors of the longest bar."""
        return max((bar.tensors for bar in self.bars), default=0) or 1

    @property
    def most_numel(self) -> int:
        """The elements of the longest bar."""
        return max((bar.numel or 0 for bar in self.bars), default=0) or 1

    def places(self, report: Report, row: ParamAssignment) -> list[int]:
        """Returns which bars count a parameter, in the order lr, weight decay."""
        found = [key for key, _, _ in _keys(report, row)]
        return [place for key in found for place, bar in enumerate(self.bars) if bar.key == key]


def shares_of(report: Report) -> Shares:
    """Returns how much of a report's model each rule, or each setting, has."""
    by_rule = bool(report.rules) or not report.groups
    words: dict[str, tuple[str, str]] = {}
    tensors: dict[str, int] = {}
    numel: dict[str, int] = {}
    known: dict[Hashable, list[tuple[str, str, str]]] = {}
    for row in report.params:
        alike = id(row.setting), row.optimizer, row.group if report.at else None
        if alike not in known:
            known[alike] = _keys(report, row)
        for key, text, colour in known[alike]:
            words.setdefault(key, (text, colour))
            tensors[key] = tensors.get(key, 0) + 1
            numel[key] = numel.get(key, 0) + (row.param.numel or 0)
    bars, colours = [], 0
    for key in sorted(words, key=lambda key: -tensors[key]):
        text, colour = words[key]
        if not colour:
            colour, colours = f"rule-{colours % COLOURS}", colours + 1
        bars.append(Share(text, key, colour, tensors[key], None if report.numel is None else numel[key]))
    return Shares(bars, by_rule)


def _keys(report: Report, row: ParamAssignment) -> list[tuple[str, str, str]]:
    """The bars of a parameter: what stands for each, what it is called, and its colour if it has one of its own."""
    rules = deciding_rules(row.setting)
    if rules:
        quiet = ["rule-base" if rule.is_base or rule.option == "frozen" else "" for rule in rules]
        return [(visible(rule.full), label(rule), colour) for rule, colour in zip(rules, quiet, strict=True)]
    if not row.in_optimizer:
        return [(_LEFT_OUT, f"{UNICODE.left_out} {_LEFT_OUT}", "rule-out")]
    heading = by_group(report, row)
    return [(heading, heading, "")]
