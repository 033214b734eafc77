"""``match:`` of the constructor ``rules``: what a rule is about.

A glob on the whole name; or a mapping of conditions that must all hold; or a list of those, of which one must.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.config.documents import Complaint
from pgaudit.config.globs import GlobError, compiled, joined
from pgaudit.config.layouts import Path
from pgaudit.text import did_you_mean, quoted

NORM = "norm"
"""The word for torch's own norms, among types."""

CONDITIONS = ("name", "regex", "type", "ndim")


@dataclass(frozen=True)
class Conditions:
    """What must all hold for one parameter; a condition that is None is not asked."""

    label: str = field(compare=False)
    names: tuple[re.Pattern[str], ...] | None = None
    """Expressions, from globs, of which one must match the whole name."""
    regexes: tuple[re.Pattern[str], ...] | None = None
    """The same, from regular expressions."""
    types: tuple[str, ...] | None = None
    """Classes by their import path, or :data:`NORM`."""
    ndims: frozenset[int] | None = None


@dataclass(frozen=True)
class Match:
    """Of these, one must hold."""

    alternatives: tuple[Conditions, ...]
    label: str = field(compare=False)

    @property
    def by_name(self) -> bool:
        """Whether nothing but names is looked at."""
        return all(each.types is None and each.ndims is None for each in self.alternatives)


def read_match(value: Any, at: Path) -> tuple[Match | None, list[Complaint]]:
    """Reads a match; returns it, or None and what is wrong with it."""
    faults: list[Complaint] = []
    items = value if isinstance(value, list) else [value]
    if not items:
        return None, [(at, "an empty list matches nothing", None)]
    places = [(*at, index) for index in range(len(items))] if isinstance(value, list) else [at]
    found = [_conditions(item, place, faults) for item, place in zip(items, places, strict=True)]
    alternatives = tuple(each for each in found if each is not None)
    if faults or len(alternatives) < len(items):
        return None, faults
    return Match(_joined(alternatives), ", ".join(each.label for each in alternatives)), []


def _joined(alternatives: tuple[Conditions, ...]) -> tuple[Conditions, ...]:
    """Globs beside globs as one expression, which is asked at once."""
    globs = [each for each in alternatives if each.names and not (each.regexes or each.types or each.ndims)]
    if len(globs) < 2:
        return alternatives
    names = tuple(name for each in globs for name in each.names or ())
    others = (each for each in alternatives if each not in globs)
    return (Conditions(", ".join(each.label for each in globs), (joined(names),)), *others)


def _conditions(item: Any, at: Path, faults: list[Complaint]) -> Conditions | None:
    if isinstance(item, str):
        names = _patterns([item], [at], faults, glob=True)
        return Conditions(item, names)
    if not isinstance(item, Mapping) or not item:
        faults.append((at, "a match is a glob, or a mapping of conditions", f"conditions: {', '.join(CONDITIONS)}"))
        return None
    for word in item:
        if word not in CONDITIONS:
            hint = did_you_mean(str(word), CONDITIONS) or f"known: {', '.join(CONDITIONS)}"
            faults.append(((*at, word), f"unknown condition {quoted(word)}", hint))
    parts: dict[str, Any] = {}
    labels = []
    for word in CONDITIONS:
        if word not in item:
            continue
        given = item[word]
        values = given if isinstance(given, list) else [given]
        places = [(*at, word, index) for index in range(len(values))] if isinstance(given, list) else [(*at, word)]
        if not values:
            faults.append(((*at, word), "an empty list matches nothing", None))
        parts[word] = _READERS[word](values, places, faults)
        labels.append(f"{word}: {'|'.join(str(value) for value in values)}")
    return Conditions(" & ".join(labels), parts.get("name"), parts.get("regex"), parts.get("type"), parts.get("ndim"))


def _patterns(values: list[Any], places: list[Path], faults: list[Complaint], *, glob: bool) -> Any:
    found = []
    for value, at in zip(values, places, strict=True):
        if not isinstance(value, str) or not value:
            faults.append((at, f"expected {'a glob' if glob else 'a regular expression'}, as a text", None))
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a syntax that Python may change one day
                found.append(compiled(value) if glob else re.compile(value))
        except (GlobError, re.error, OverflowError, RecursionError) as error:
            faults.append((at, f"not a {'glob' if glob else 'regular expression'}: {error}", None))
    return (joined(found),) if glob and len(found) > 1 else tuple(found)


def _types(values: list[Any], places: list[Path], faults: list[Complaint]) -> tuple[str, ...]:
    for value, at in zip(values, places, strict=True):
        if not isinstance(value, str) or not value:
            hint = f"{NORM}, LayerNorm, or a path such as timm.layers.LayerNorm2d"
            faults.append((at, "a type is the name of a class", hint))
    return tuple(value for value in values if isinstance(value, str))


def _ndims(values: list[Any], places: list[Path], faults: list[Complaint]) -> frozenset[int]:
    for value, at in zip(values, places, strict=True):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            faults.append((at, "a number of dimensions is a whole number, or a list of some", "ndim: [0, 1]"))
    return frozenset(value for value in values if isinstance(value, int))


_READERS = {
    "name": lambda values, places, faults: _patterns(values, places, faults, glob=True),
    "regex": lambda values, places, faults: _patterns(values, places, faults, glob=False),
    "type": _types,
    "ndim": _ndims,
}
