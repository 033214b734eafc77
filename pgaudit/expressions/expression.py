"""Regular expressions of a config, run as Python's ``re`` runs them, but in bounded time.

``re`` goes back and tries again, for some expressions until the end of days, and nothing stops it within a process. So
it is counted beforehand how often an expression may try at most. Where that is little, as it is for nearly all, ``re``
runs at once; else it runs in a process of its own, which ends when its time is up.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgaudit.core.errors import ConfigError
from pgaudit.expressions.process import CHILD, SECONDS, TIME_IS_UP
from pgaudit.expressions.steps import ways_of
from pgaudit.text import quoted

_STEPS = 20_000_000
"""What ``re`` does in less than that."""
_LONGEST = 100_000
"""Letters of a name up to which steps are counted."""
_SOON_COMPILED = 300
"""Letters of an expression that ``re`` compiles in no time, whatever they are."""

Spans = list[tuple[int, int]]


class SlowExpression(ConfigError):
    """An expression takes too long for a name."""

    def __init__(self, expression: str, name: str, at: Sequence[str | int] = ()) -> None:
        what = f"the regular expression {quoted(expression)}" if len(expression) < 100 else "the regular expression"
        which = quoted(name) if len(name) < 100 else f"a name of {len(name):,} characters"
        self.message = f"{what} needs more than {SECONDS} second on {which}"
        self.hint = "repeats within repeats, such as (a+)+, try every way to divide a name; one repeat is enough"
        super().__init__(self.message, self.hint)
        self.at = at
        """Where in the config the expression stands, section first."""


class SlowToCompile(ValueError):
    """An expression is so large that nobody waits for it."""


@dataclass(frozen=True)
class Expression:
    """One expression.

    Raises:
        ValueError: it is none, or :class:`SlowToCompile`; the message says why.
    """

    text: str
    at: tuple[str | int, ...] = field(default=(), compare=False)
    """Where it stands in the config, section first."""
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.text) > _SOON_COMPILED and CHILD.asked(self.text, "compile", "") is TIME_IS_UP:
            raise SlowToCompile(f"needs more than {SECONDS} second to be compiled")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a syntax that Python may change one day
                object.__setattr__(self, "_compiled", re.compile(self.text))
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None

    @cached_property
    def search(self) -> Callable[[str], object]:
        """Whether it is found somewhere in a name."""
        return self._bounded("search", self._compiled.search)

    @cached_property
    def fullmatch(self) -> Callable[[str], object]:
        """Whether it matches a name from end to end."""
        return self._bounded("fullmatch", self._compiled.fullmatch)

    def spans(self, name: str) -> Spans:
        """Returns where it is found, from and to; nowhere, if that takes too long."""
        find = self._bounded("finditer", lambda text: [found.span() for found in self._compiled.finditer(text)])
        try:
            found: Spans = find(name)
        except SlowExpression:
            return []
        return found

    def _bounded(self, method: str, run: Callable[[str], Any]) -> Callable[[str], Any]:
        longest = self._longest(starts=method != "fullmatch")
        if longest >= _LONGEST:
            return run

        def bounded(name: str) -> Any:
            if len(name) <= longest:
                return run(name)
            found = CHILD.asked(self.text, method, name)
            if found is TIME_IS_UP:
                raise SlowExpression(self.text, name, self.at)
            return found

        return bounded

    def _longest(self, *, starts: bool) -> int:
        """Letters that a name may have for ``re`` to be quick, if it begins at one place or at each."""
        ways = ways_of(self.text)
        shortest, longest = 0, _LONGEST
        while shortest < longest:
            middle = (shortest + longest + 1) // 2
            if ways.steps(middle, starts=starts) <= _STEPS:
                shortest = middle
            else:
                longest = middle - 1
        return shortest
