"""All constructors that a config can name here, with where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgaudit.config.grammars import BUILT_IN, Grammar, constructor_names, grammar_named, unknown_constructor
from pgaudit.config.grammars.plugins import source_of
from pgaudit.constructors import CONSTRUCTORS, constructor_named
from pgaudit.constructors.docs.comparison import PROFILES, Profile
from pgaudit.core.errors import UsageError


@dataclass(frozen=True)
class ConstructorInfo:
    """One constructor."""

    grammar: Grammar
    library: str
    """The library and version whose ways it has."""
    source: str
    """``built in``, or the package that brings it."""
    profile: Profile | None
    options: Mapping[str, str]
    """What it reads that decides about parameters, and what each option is for."""


def entry(name: str) -> ConstructorInfo:
    """Returns a constructor by its name or an alias.

    Raises:
        UsageError: there is none, or a plug-in cannot be loaded.
    """
    grammar = grammar_named(name)
    if grammar is None:
        raise UsageError(*unknown_constructor(name))
    constructor = constructor_named(grammar.name)
    built_in = grammar.name in CONSTRUCTORS
    source = "built in" if built_in else source_of(grammar.name)
    profile = PROFILES.get(grammar.name) if built_in else getattr(constructor, "profile", None)
    return ConstructorInfo(grammar, constructor.library, source, profile, constructor.options)


def built_in() -> list[ConstructorInfo]:
    """Returns the built-in ones."""
    return [entry(name) for name in BUILT_IN]


def everything() -> tuple[list[ConstructorInfo], list[UsageError]]:
    """Returns the built-in ones, then the plug-ins, and what is wrong with those that cannot be loaded."""
    found, broken = [], []
    for name in constructor_names():
        try:
            found.append(entry(name))
        except UsageError as error:
            broken.append(error)
    return found, broken
