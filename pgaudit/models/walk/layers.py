"""Which layer of a model each parameter belongs to, as timm's layer decay tells.

Source: timm 1.0.31, ``timm/models/_manipulate.py`` (``group_parameters``) and ``timm/optim/_param_groups.py``
(``auto_group_layers``). A model's ``group_matcher()`` gives each name an ordinal, a tuple of numbers; the ordinals that
occur, in order, are the layers. Whatever a matcher makes timm raise, it makes this raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Ordinal = tuple[Any, ...]

_JOINED = 99999
"""An ordinal that ends in this belongs to the layer before it (timm's ``MATCH_PREV_GROUP``)."""

_UNMATCHED = (float("inf"),)

_CHUNK = 12
"""Names that make a layer where the model has no matcher."""


def matched_layers(names: Iterable[str], matcher: Any) -> dict[str, int]:
    """Returns the layer of each name that a matcher knows, counted from the input.

    Args:
        names: in the order of ``named_parameters()``.
        matcher: expressions by group, as timm's models have them, or a function of a name.

    Raises:
        Exception: what the matcher makes timm raise.
    """
    ordinal_of = _by_expressions(matcher) if isinstance(matcher, (dict, list, tuple)) else _by_function(matcher)
    members: dict[Ordinal, list[str]] = {}
    for name in names:
        members.setdefault(ordinal_of(name), []).append(name)
    layers: dict[str, int] = {}
    layer = -1
    for ordinal in sorted(members):
        if layer < 0 or ordinal[-1] != _JOINED:
            layer += 1
        layers.update(dict.fromkeys(members[ordinal], layer))
    return layers


def _by_expressions(matcher: Any) -> Callable[[str], Ordinal]:
    """The first expression that matches from the name's beginning; a group's place, then what its brackets caught."""
    expressions = _compiled(matcher) if isinstance(matcher, dict) else [tuple(entry) for entry in matcher]

    def ordinal_of(name: str) -> Ordinal:
        for expression, place, suffix in expressions:
            found = expression.match(name)
            if found:
                parts = (place, found.groups(), suffix)
                return tuple(float(number) for part in parts if part for number in part)
        return _UNMATCHED

    return ordinal_of


def _compiled(matcher: Mapping[Any, Any]) -> list[tuple[re.Pattern[str], Ordinal, Any]]:
    found: list[tuple[re.Pattern[str], Ordinal, Any]] = []
    for place, entry in enumerate(matcher.values()):
        if entry is None:
            continue
        several = entry if isinstance(entry, (list, tuple)) else [(entry, None)]
        found += [(re.compile(each[0]), (place,), each[1]) for each in several]
    return found


def _by_function(matcher: Callable[[str], Any]) -> Callable[[str], Ordinal]:
    def ordinal_of(name: str) -> Ordinal:
        found = matcher(name)
        return tuple(found) if isinstance(found, Iterable) else (found,)

    return ordinal_of


def chunked_layers(names: Iterable[str], classifier: Any) -> dict[str, int]:
    """Returns the layer of each name of a model without a matcher: a new one every dozen names, the head the last.

    Args:
        names: in the order of ``named_parameters()``.
        classifier: what names of the head begin with, one or several; with none, everything is the head.

    Raises:
        Exception: what such a classifier makes timm raise.
    """
    names = list(names)
    head = set(names) if not classifier else {name for name in names if _begins(name, classifier)}
    trunk = [name for name in names if name not in head]
    last = -(-len(trunk) // _CHUNK)
    return {**{name: place // _CHUNK for place, name in enumerate(trunk)}, **dict.fromkeys(head, last)}


def _begins(name: str, classifier: Any) -> bool:
    if isinstance(classifier, (tuple, list)):
        return any(name.startswith(each) for each in classifier)
    return name.startswith(classifier)
