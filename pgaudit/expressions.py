"""Regular expressions of a config, run as Python's ``re`` runs them, but in bounded time.

``re`` goes back and tries again, for some expressions until the end of days, and nothing stops it within a process. So
it is counted beforehand how often an expression may try at most. Where that is little, as it is for nearly all, ``re``
runs at once; else it runs in a process of its own, which ends when its time is up.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

SECONDS = 1
"""What an expression may take for one name."""
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
        if len(self.text) > _SOON_COMPILED and _CHILD.asked(self.text, "compile", "") is _TIME_IS_UP:
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
            found = _CHILD.asked(self.text, method, name)
            if found is _TIME_IS_UP:
                raise SlowExpression(self.text, name, self.at)
            return found

        return bounded

    def _longest(self, *, starts: bool) -> int:
        """Letters that a name may have for ``re`` to be quick, if it begins at one place or at each."""
        ways = _ways_of(self.text)
        shortest, longest = 0, _LONGEST
        while shortest < longest:
            middle = (shortest + longest + 1) // 2
            if ways.steps(middle, starts=starts) <= _STEPS:
                shortest = middle
            else:
                longest = middle - 1
        return shortest


@dataclass(frozen=True)
class _Ways:
    """In how many ways a part of an expression can match from one place, at most: ``times`` the ways to choose as many
    places of the text, in order, as it has ``repeats``.
    """

    times: float = 1
    repeats: int = 0
    size: int = 1
    """Parts of the expression, each of which may be tried in each of the ways."""
    apart: bool = False
    """Whether it looks at a text twice, so that its places are in no order."""

    def then(self, other: _Ways) -> _Ways:
        return _Ways(
            self.times * other.times,
            self.repeats + other.repeats,
            self.size + other.size,
            self.apart or other.apart,
        )

    def otherwise(self, other: _Ways) -> _Ways:
        apart = self.apart or other.apart
        return _Ways(self.times + other.times, max(self.repeats, other.repeats), self.size + other.size, apart)

    def repeated(self, least: int, most: int) -> _Ways:
        if least == most == 1 or most == 0:
            return self
        if (least, most) == (0, 1):
            return _Ways(self.times + 1, self.repeats, self.size + 1, self.apart)
        if self.times <= 1 and not self.repeats:
            return _Ways(1, 1, self.size + 1, self.apart)
        if most > 20:
            return _Ways(math.inf, 1, self.size + 1, self.apart)
        times = min(sum(min(self.times, 1e9) ** count for count in range(least, most + 1)), 1e100)
        return _Ways(times, self.repeats * most, self.size + 1, self.apart)

    def steps(self, length: int, *, starts: bool) -> float:
        """What may be tried on a name of a length, from one or from each of its places on."""
        places = self.repeats + starts
        if math.isinf(self.times) or (places > 40 and length > 40):
            return math.inf
        most = min(places, 100)  # more make no difference, but numbers of a million digits
        ways = (length + 2) ** most if self.apart else math.comb(length + most, most)
        return self.times * self.size * min(ways, 10**100)


_NEVER_ENDING = _Ways(math.inf)


def _ways_of(text: str) -> _Ways:
    try:
        from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
    except ImportError:  # Python 3.10
        import sre_parse as parser
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of(parser.parse(text))
    except (RecursionError, OverflowError):
        return _NEVER_ENDING


def _of(parts: Iterable[tuple[Any, Any]]) -> _Ways:
    found = _Ways(size=0)
    for code, value in parts:
        found = found.then(_of_part(str(code), value))
    return found


def _of_part(code: str, value: Any) -> _Ways:
    if code == "IN":
        return _Ways(size=len(value))
    if code in ("LITERAL", "NOT_LITERAL", "ANY", "AT", "CATEGORY", "RANGE", "FAILURE"):
        return _Ways()
    if code == "SUBPATTERN":
        return _of(value[-1])
    if code == "BRANCH":
        return _either(value[1])
    if code in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, inside = value
        return _of(inside).repeated(least, int(most))
    if code in ("ASSERT", "ASSERT_NOT"):
        inside = _of(value[1])
        return _Ways(inside.times, inside.repeats, inside.size, apart=True)
    if code == "GROUPREF":
        return _Ways(1, 1, apart=True)
    return _NEVER_ENDING  # rare things: it is told by trying


def _either(branches: Sequence[Any]) -> _Ways:
    first, *others = map(_of, branches)
    for other in others:
        first = first.otherwise(other)
    return first


_PROGRAM = f"""
import faulthandler, json, os, re, sys
nowhere = open(os.devnull, "w")
for line in sys.stdin.buffer:
    text, method, name = json.loads(line)
    if method != "compile":
        run = getattr(re.compile(text), method)
    faulthandler.dump_traceback_later({SECONDS}, exit=True, file=nowhere)  # a thread of C, which needs no lock
    try:
        found = re.compile(text) if method == "compile" else run(name)
    except Exception:  # whoever asks finds out
        found = None
    found = [each.span() for each in found] if method == "finditer" else found is not None
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(found), flush=True)
"""


_TIME_IS_UP = object()


class _Child:
    """A process that runs expressions, for as long as each may take. It ends with ours, and starts when needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._of = 0

    @lru_cache(maxsize=100_000)  # noqa: B019 (there is one of these, for ever)
    def asked(self, expression: str, method: str, name: str) -> Any:
        """Returns what an expression says of a name, or :data:`_TIME_IS_UP`."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            answer = b""
            with contextlib.suppress(OSError):  # whoever kills it from outside gets the same
                process.stdin.write(json.dumps([expression, method, name]).encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            if not answer:
                self.end()
                return _TIME_IS_UP
        found = json.loads(answer)
        return [(start, end) for start, end in found] if method == "finditer" else found or None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._of == os.getpid() and self._process.poll() is not None:
            self.end()  # somebody has killed it
        if self._process is None or self._of != os.getpid():  # a fork shares no child with its parent
            command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere)
            self._of = os.getpid()
        return self._process

    def end(self) -> None:
        """Ends the process, if there is one of ours."""
        process, self._process = self._process, None
        if process is not None and self._of == os.getpid():
            process.kill()
            with contextlib.suppress(OSError):  # what it was not told any more
                process.communicate()


_CHILD = _Child()
atexit.register(_CHILD.end)
