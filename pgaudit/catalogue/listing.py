"""All constructors that a config can name here, with where each comes from."""

from __future__ import annotations

from dataclasses import dataclass

from pgaudit.constructors import CONSTRUCTORS, Constructor, find_constructor
from pgaudit.constructors.plugins import source_of
from pgaudit.constructors.registry import constructor_names, unknown_constructor
from pgaudit.core.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One constructor."""

    constructor: Constructor
    source: str
    """``built in``, or the package that brings it."""


def entry(name: str) -> Entry:
    """Returns a constructor by its name or an alias.

    Raises:
        UsageError: there is none, or a plug-in cannot be loaded.
    """
    constructor = find_constructor(name)
    if constructor is None:
        raise UsageError(*unknown_constructor(name))
    return Entry(constructor, "built in" if constructor.name in CONSTRUCTORS else source_of(constructor.name))


def built_in() -> list[Entry]:
    """Returns the built-in ones."""
    return [entry(name) for name in CONSTRUCTORS]


def everything() -> tuple[list[Entry], list[UsageError]]:
    """Returns the built-in ones, then the plug-ins, and what is wrong with those that cannot be loaded."""
    found, broken = [], []
    for name in constructor_names():
        try:
            found.append(entry(name))
        except UsageError as error:
            broken.append(error)
    return found, broken
