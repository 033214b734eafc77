"""Several globs, and the names of one model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from pgaudit.names.globs import Glob
from pgaudit.names.pieces import GlobError
from pgaudit.text import nearest, quoted, visible

_SPELLED_OUT = 10_000
"""Names that are looked up rather than matched, of one glob."""
_JOINED = 32
"""Globs that are asked as one expression."""


class Globs:
    """Globs of which one must stand for a name.

    Those that can be spelled out are looked up; others are asked only about names that begin, or end, as theirs do.

    Args:
        texts: the globs.
        named: what is no glob but one name, letter for letter, and that name: see :func:`spelled_like_globs`.
    """

    def __init__(self, texts: Iterable[str], named: Mapping[str, str] | None = None) -> None:
        self._names: set[str] = set()
        wild: list[Glob] = []
        for text in texts:
            if named and text in named:
                self._names.add(named[text])
                continue
            glob = Glob(text)
            if glob.is_wild or glob.names > _SPELLED_OUT:
                wild.append(glob)
            else:
                self._names.update(glob.spelled_out())
        self.matches: Callable[[str], object] = self._chosen(wild)
        """Whether one of them stands for a name."""

    def _chosen(self, wild: list[Glob]) -> Callable[[str], object]:
        """The quickest way to tell."""
        if not wild:
            return self._names.__contains__
        joined = _joined(wild)
        asked = _Indexed(wild).matches if joined is None else joined.fullmatch
        if not self._names:
            return asked
        return lambda name: name in self._names or asked(name)


def _joined(globs: list[Glob]) -> re.Pattern[str] | None:
    found: list[str] = []
    for glob in globs[: _JOINED + 1]:
        expression = glob.expression(sum(map(_stars, found)))
        if expression is None:
            return None
        found.append(expression)
    return None if len(found) > _JOINED else re.compile("|".join(found), re.DOTALL)


def _stars(expression: str) -> int:
    return expression.count("(?P<_")


class _Indexed:
    """Many globs, by the letters with which their names begin; those that begin with a wildcard, by how they end."""

    def __init__(self, globs: Iterable[Glob]) -> None:
        self._heads: dict[str, list[tuple[str, Glob]]] = defaultdict(list)
        self._tails: dict[str, list[tuple[str, Glob]]] = defaultdict(list)
        for glob in globs:
            alike = self._heads[glob.head] if glob.head else self._tails[glob.tail]
            alike.append((glob.needle, glob))
        self._lengths = sorted(set(map(len, self._heads)))
        self._ends = sorted(set(map(len, self._tails)))

    def matches(self, name: str) -> bool:
        return any(needle in name and glob.matches(name) for needle, glob in self._asked(name))

    def _asked(self, name: str) -> Iterator[tuple[str, Glob]]:
        for length in self._lengths:
            if length > len(name):
                break
            yield from self._heads.get(name[:length], ())
        for length in self._ends:
            if length > len(name):
                break
            yield from self._tails.get(name[len(name) - length :], ())


class Names:
    """The names of one model, and which of them a text stands for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)
        self._named = spelled_like_globs(self._names)

    def matching(self, text: str, *, below: bool = False) -> frozenset[str]:
        """Returns the names that a text stands for; none where it is no glob.

        What is, letter for letter, the name of a parameter stands for that name alone, whatever it would mean as a
        glob; so does a name as it is printed.

        Args:
            text: a name or a glob.
            below: whether the name of a module stands for all below it; wildcards never stand for modules.
        """
        exact = text if text in self._names else self._named.get(text)
        if exact is not None:
            return frozenset({exact})
        try:
            glob = Glob(text)
        except GlobError:
            return frozenset()
        if not glob.is_wild and glob.names <= _SPELLED_OUT:
            texts = [*glob.spelled_out()]
            found = {name for name in texts if name in self._names}
            if below:
                found.update(name for text in texts for name in self._below.get(text, ()))
            return frozenset(found)
        found = {name for name in self._names if glob.matches(name)}
        if below and not glob.is_wild:
            found.update(name for module, names in self._below.items() if glob.matches(module) for name in names)
        return frozenset(found)

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """The modules on the way to each name, and what is below them."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            dot = name.find(".")
            while dot >= 0:
                found[name[:dot]].append(name)
                dot = name.find(".", dot + 1)
        return found

    def fault(self, text: str) -> str | None:
        """Returns why a text is neither a name nor a glob; None for what is one."""
        try:
            Glob(text)
        except GlobError as error:
            return None if text in self._names or text in self._named else str(error)
        return None

    def hint(self, text: str) -> str | None:
        """Returns what a text that stands for none of them was probably meant to be."""
        if fault := self.fault(text):
            return fault
        plain = text.strip("*").strip(".")
        for wider in (f"*.{plain}", f"*.{plain}.*", f"{plain}.*") if plain else ():
            if found := self.matching(wider):
                name = next(iter(found)) if len(found) == 1 else wider
                return f"did you mean {quoted(name)}?" + (f" It matches {len(found):,} names" if len(found) > 1 else "")
        segments = {segment for name in self._names for segment in name.split(".")}
        near = nearest(plain, [*self._names, *sorted(segments.union(self._below) - set(self._names))])
        if near and near[0] not in self._names:
            return self.hint(near[0])  # a part of names, which alone stands for none
        return f"did you mean {quoted(near[0])}?" if near else None


def spelled_like_globs(names: Collection[str]) -> dict[str, str]:
    """Returns, of some names, those that would mean something else as a glob, and those that are printed otherwise than
    they are: each as it is, and as it is printed.
    """
    together = "".join(names)
    if together.isprintable() and not any(mark in together for mark in _MARKS):
        return {}
    odd = [name for name in names if not name.isprintable() or any(mark in name for mark in _MARKS)]
    known = set(names)
    return {
        **{printed: name for name in odd if (printed := visible(name)) not in known},
        **{name: name for name in odd},
    }


_MARKS = "*?[{}"
"""What has a meaning in a glob."""
