"""``match:`` of the constructor ``rules``: what a rule is about.

A glob on the whole name; or a mapping of conditions that must all hold; or a list of those, of which one must.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from pgaudit.core.findings import meant
from pgaudit.core.location import Path
from pgaudit.expressions import Expression
from pgaudit.files.validation import Invalid
from pgaudit.names import Glob
from pgaudit.text import quoted

T = TypeVar("T")

NORM = "norm"
"""The word for torch's own norms, among types."""

CONDITIONS = ("name", "regex", "type", "ndim")


@dataclass(frozen=True)
class Conditions:
    """What must all hold for one parameter; a condition that is None is not asked."""

    label: str = field(compare=False)
    names: tuple[str, ...] | None = None
    """Globs, of which one must match the whole name."""
    regexes: tuple[Expression, ...] | None = None
    """The same, as regular expressions."""
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


def read_match(value: Any, at: Path) -> tuple[Match | None, list[Invalid]]:
    """Reads a match; returns it, or None and what is wrong with it."""
    errors: list[Invalid] = []
    items = value if isinstance(value, (list, tuple)) else [value]
    if not items:
        return None, [Invalid(at, "an empty list matches nothing")]
    places = [(*at, index) for index in range(len(items))] if isinstance(value, (list, tuple)) else [at]
    found = [_conditions(item, place, errors) for item, place in zip(items, places, strict=True)]
    alternatives = tuple(each for each in found if each is not None)
    if errors or len(alternatives) < len(items):
        return None, errors
    return Match(_joined(alternatives), ", ".join(each.label for each in alternatives)), []


def _joined(alternatives: tuple[Conditions, ...]) -> tuple[Conditions, ...]:
    """Globs beside globs as one condition, which is asked at once."""
    globs: list[Conditions] = []
    others: list[Conditions] = []
    for each in alternatives:
        by_glob_alone = each.names and not (each.regexes or each.types or each.ndims)
        (globs if by_glob_alone else others).append(each)
    if len(globs) < 2:
        return alternatives
    names = tuple(name for each in globs for name in each.names or ())
    return (Conditions(", ".join(each.label for each in globs), names), *others)


def _conditions(item: Any, at: Path, errors: list[Invalid]) -> Conditions | None:
    if isinstance(item, str):
        names = _globs([item], [at], errors)
        return Conditions(item, names)
    if not isinstance(item, Mapping) or not item:
        hint = f"conditions: {', '.join(CONDITIONS)}"
        errors.append(Invalid(at, "a match is a glob, or a mapping of conditions", hint))
        return None
    for word in item:
        if word not in CONDITIONS:
            near = meant(str(word), CONDITIONS) or f"known: {', '.join(CONDITIONS)}"
            errors.append(Invalid((*at, word), f"unknown condition {quoted(word)}", near))
    parts: dict[str, Any] = {}
    labels = []
    for word in CONDITIONS:
        if word not in item:
            continue
        given = item[word]
        values = list(given) if isinstance(given, (list, tuple)) else [given]
        places = (
            [(*at, word, index) for index in range(len(values))] if isinstance(given, (list, tuple)) else [(*at, word)]
        )
        if not values:
            errors.append(Invalid((*at, word), "an empty list matches nothing"))
        parts[word] = _READERS[word](values, places, errors)
        labels.append(f"{word}: {'|'.join(str(value) for value in values)}")
    return Conditions(" & ".join(labels), parts.get("name"), parts.get("regex"), parts.get("type"), parts.get("ndim"))


def _globs(values: list[Any], places: list[Path], errors: list[Invalid]) -> tuple[str, ...]:
    for value, at in zip(values, places, strict=True):
        try:
            _text(value, "glob", Glob)
        except ValueError as error:
            errors.append(Invalid(at, str(error)))
    return tuple(value for value in values if isinstance(value, str))


def _regexes(values: list[Any], places: list[Path], errors: list[Invalid]) -> tuple[Expression, ...]:
    found = []
    for value, at in zip(values, places, strict=True):
        try:
            found.append(_text(value, "regular expression", partial(Expression, at=at)))
        except ValueError as error:
            errors.append(Invalid(at, str(error)))
    return tuple(found)


def _text(value: Any, what: str, read: Callable[[str], T]) -> T:
    if value == "":
        raise ValueError("an empty text matches nothing")
    if not isinstance(value, str):
        raise ValueError(f"expected a {what}, as a text")
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"not a {what}: {error}") from None


def _types(values: list[Any], places: list[Path], errors: list[Invalid]) -> tuple[str, ...]:
    for value, at in zip(values, places, strict=True):
        if not isinstance(value, str) or not value:
            hint = f"{NORM}, LayerNorm, or a path such as timm.layers.LayerNorm2d"
            errors.append(Invalid(at, "a type is the name of a class", hint))
    return tuple(value for value in values if isinstance(value, str))


def _ndims(values: list[Any], places: list[Path], errors: list[Invalid]) -> frozenset[int]:
    for value, at in zip(values, places, strict=True):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            errors.append(Invalid(at, "a number of dimensions is a whole number, or a list of some", "ndim: [0, 1]"))
    return frozenset(value for value in values if isinstance(value, int))


_READERS = {
    "name": _globs,
    "regex": _regexes,
    "type": _types,
    "ndim": _ndims,
}
