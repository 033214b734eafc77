"""What is wrong or doubtful, and how grave it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from pgaudit.core.location import Location
from pgaudit.text import counted, is_slip, nearest, quoted, visible

Severity = Literal["info", "warning", "error"]
Threshold = Literal[Severity, "never"]
"""From which severity on findings fail; ``never`` for none."""
THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)
"""The one order of severities: the gravest last, and then what none of them reaches."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)[::-1]
"""The gravest first."""

FIXABLE = (".yaml", ".yml")
"""How the names of files end in which findings are fixed."""

NOT_CHECKED = "not-checked"
"""The code of what an error carries: something cannot be read, built or told."""


def gravity(of: Threshold | None) -> int:
    """Returns what orders severities, the gravest last; None comes before all of them."""
    return -1 if of is None else THRESHOLDS.index(of)


def at_least(severity: Severity | None, threshold: Threshold) -> bool:
    """Returns whether a severity, if there is one, reaches a threshold."""
    return gravity(severity) >= gravity(threshold)


@dataclass(frozen=True, slots=True)
class Fix:
    """Another word for one that the config has, as a finding proposes it."""

    old: str
    """A key or a value of the file, at the finding's place or in what stands there."""
    new: str
    sure: bool = True
    """Whether nothing else can be meant: two letters that have changed places, say, but no other number."""
    number: bool = False
    """Whether the new word is a number, rather than a text."""

    @property
    def hint(self) -> str:
        """What a person is told."""
        return f"write {visible(self.new)}" if self.number else f"did you mean {quoted(self.new)}?"


Hint = str | Fix
"""What to do about something: words, or a fix, which says itself in words."""


def meant(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> Fix | None:
    """Returns a fix for a probable typo, or None when nothing comes near. It is sure if just one known word differs by
    a slip, in which no digit takes part: ``layer5`` may well be meant where there is a ``layer4``.
    """
    candidates = list(known)
    near = nearest(word, candidates, cutoff=cutoff)
    return Fix(word, near[0], {each for each in candidates if _is_surely(word, each)} == {*near}) if near else None


def _is_surely(word: str, known: str) -> bool:
    if [letter for letter in word if letter.isdigit()] != [letter for letter in known if letter.isdigit()]:
        return False
    return word.lower() == known.lower() or is_slip(word, known)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or probably not what its author meant."""

    code: str
    """``PG001`` and so on; ``expect-rules``, ``lock`` and the like for what was agreed otherwise; or NOT_CHECKED."""
    name: str
    severity: Severity
    message: str
    hint: str | None = None
    location: Location | None = None
    """None for what was not read from a file."""
    params: tuple[str, ...] = ()
    """All parameters that it is about, where it is about any."""
    key: str | None = None
    """What it is about in the config's own words: a custom key, a pattern, or an option."""
    keys: tuple[str, ...] = ()
    """Further words of the config that it is about: rules that have no effect for the same cause."""
    example: tuple[str, ...] = ()
    """Lines of code that the hint speaks of."""
    fix: Fix | None = field(default=None, compare=False, repr=False)
    """What the hint says, where that is another word for one of the config's own."""

    @classmethod
    def error(
        cls, message: str, location: Location | None = None, hint: Hint | None = None, example: Sequence[str] = ()
    ) -> Finding:
        """Returns what an error carries: what is wrong, where it is wrong, and how to fix it."""
        return cls(NOT_CHECKED, "error", "error", message, None, location, example=tuple(example)).hinted(hint)

    def hinted(self, hint: Hint | None) -> Finding:
        """Returns the finding with a hint."""
        if isinstance(hint, Fix):
            return replace(self, hint=hint.hint, fix=hint)
        return replace(self, hint=hint, fix=None)

    @property
    def advice(self) -> Hint | None:
        """The hint, as a fix where it is one."""
        return self.fix or self.hint

    def is_fixable_in(self, config: str | None) -> bool:
        """Returns whether it has a fix, and points into that config itself, a file of YAML."""
        at = self.location
        if self.fix is None or at is None or at.line is None or at.inherited:
            return False
        return at.path == config and str(config).endswith(FIXABLE)

    @property
    def stops(self) -> bool:
        """Whether it keeps an audit from being made."""
        return self.code == NOT_CHECKED

    @property
    def param(self) -> str | None:
        """The one parameter that it is about; None where there are several, or none."""
        return self.params[0] if len(self.params) == 1 else None

    @property
    def title(self) -> str:
        """Its code and name, as they stand before its message."""
        return self.name if self.stops else f"{self.code} {self.name}"

    @property
    def sentence(self) -> str:
        """Where it is wrong, what, and what to do about it, as an exception says it."""
        text = f"{self.location}: {self.message}" if self.location else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def __repr__(self) -> str:
        where = f" {self.location}" if self.location else ""
        return f"<Finding {visible(f'{self.code} {self.name} [{self.severity}]{where}')}: {visible(self.message)}>"


def severity_words(findings: Iterable[Finding]) -> list[str]:
    """Returns ``["1 error", "2 infos"]``, the gravest first; nothing for no findings."""
    counts = Counter(each.severity for each in findings)
    return [counted(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
