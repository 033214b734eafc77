"""One rule of a constructor: what it is about, what it gives, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pgaudit.constructors.evaluation import Computation, Decided, Spans
from pgaudit.core.location import Path
from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.core.setting import Provenance, Setting

Gives = Callable[[Visit], Computation]
"""Returns the value that a rule gives a parameter, with its arithmetic; raises ConfigError where the library raises."""


@dataclass(frozen=True, eq=False, slots=True)
class Rule:
    """One rule: a custom key, a pattern or an option of a config, or a rule of the library's own."""

    provenance: Provenance
    matches: Callable[[Visit, str], object]
    """Whether an occurrence with a parameter is its own. The text is what names are searched as: see
    :attr:`RuleChains.text`.
    """
    says: Callable[[Visit, str], str]
    """Returns on what it matches, or why it does not, in words."""
    gives: Mapping[Decided, Gives] = field(default_factory=dict)
    """By hyperparameter."""
    also: frozenset[str] = frozenset()
    """What else it decides: a hyperparameter that it leaves at the base value, or a word of the constructor's own."""
    at: Path = ()
    """Where it stands in the config, section first; empty for a rule that no config can change."""
    states: frozenset[str] = frozenset()
    """Which of ``lr`` and ``weight_decay`` it names itself; the other it leaves at, or returns to, the base value."""
    spans: Callable[[str], Spans] | None = None
    """Returns where in a text that it matches; None for a rule that looks at the module."""
    regex: bool = False
    """Whether it is a regular expression, rather than a part of a name."""
    whole: bool = False
    """Whether it matches a text from end to end, or not at all."""
    called: Callable[[Visit], Provenance] | None = None
    """Returns what it is called where that depends on the parameter: one rule for all globs of a model's own list."""
    by_kind: Callable[[ModuleType, int], Callable[[str], object] | None] | None = None
    """Returns what a name is asked for, among parameters of as many dimensions in modules of a class; None where none
    of them can match. Where rules are many, most are then never asked.
    """
    ends: bool = False
    """Whether the library asks no other rule about what it decides; where it does not match, it goes without saying."""
    gives_base: bool = False
    """Whether it takes its parameters from later rules, and leaves them at the base value: an option that is not
    given, and is asked about all the same.
    """

    @property
    def decides(self) -> frozenset[str]:
        """All that it decides where no earlier rule does."""
        return self.also.union(self.gives)

    def sets(self, value: Decided) -> bool:
        """Whether a hyperparameter that it decides gets another value than the base value."""
        return value in self.gives and not self.gives_base

    def found(self, visit: Visit, text: str) -> Spans:
        """Returns the parts of the text that it matches; none where it does not, or looks at the module."""
        return self.spans(text) if self.spans and self.matches(visit, text) else ()


def whole_name(visit: Visit) -> str:
    """Returns the parameter's name as the model has it."""
    return visit.name


def for_all(provenance: Provenance, gives: Computation, why: str) -> Rule:
    """Returns a rule that gives every parameter the same."""
    return Rule(provenance, lambda *_: True, lambda *_: why, {gives.of: lambda _: gives})


def base_value(base: Setting, value: Decided, why: str) -> Rule:
    """Returns the base value of a hyperparameter as a rule, for where it is told before other rules.

    Args:
        base: what a parameter gets of which no rule speaks.
        value: the hyperparameter.
        why: says why the base value holds.
    """
    provenance = base.provenance(value)
    assert provenance is not None
    return for_all(provenance, Computation(value, base.get(value)), why)
