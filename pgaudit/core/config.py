"""What a config file says, as plain data in which every value keeps its place in the file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.errors import ConfigError, PgauditError
from pgaudit.core.expectations import Expectations
from pgaudit.core.findings import Hint
from pgaudit.core.location import Location, Path, whole_file
from pgaudit.core.schedule import Schedule


@dataclass(frozen=True)
class Ignore:
    """A finding that its author knows of, and why it stays."""

    code: str
    reason: str
    keys: tuple[str, ...] = ()
    """Globs of the custom keys, patterns or options that it is about; empty for all."""
    params: tuple[str, ...] = ()
    """Globs of parameter names; empty for all. A finding is ignored only if all of its parameters match."""
    count: int | None = None
    """The parameters, and findings about none, that are expected."""
    at: Path = ()
    """Where it stands in the file."""


@dataclass(frozen=True)
class Architecture:
    """The ``model = dict(type=..., ...)`` of an OpenMMLab config, which that library's registry can build."""

    path: str
    """The config's."""
    name: str
    """The model's class, or its name in the registry."""
    scope: str | None
    """``default_scope``: the package whose registry knows it, such as ``mmpretrain``."""
    section: Mapping[str, Any]
    """What it says, as plain data."""
    source: Any = field(compare=False, repr=False)
    """The whole config as mmengine read it."""

    @property
    def ref(self) -> str:
        """What stands for the model in reports."""
        return f"{self.path} ({self.name})"


@dataclass(frozen=True)
class Ambiguous:
    """A scalar such as ``1e-4``: a number here and in YAML 1.2, a string to PyYAML."""

    path: Path
    location: Location
    text: str


@dataclass(frozen=True)
class Misplaced:
    """A known option at a place where the config's library does not look."""

    option: str
    at: Path
    """Where it stands in the file."""
    why: str
    """Who looks where instead, as the end of a sentence about it."""
    hint: str
    sister: str | None = None
    """The library that would read it there, if there is one."""


@dataclass(frozen=True)
class Config:
    """A validated policy: which constructor, with which optimizer, under which parameter-wise options.

    The sections ``optimizer``, ``paramwise_cfg`` and ``solver`` hold the library's own words, exactly as given: what
    the library silently ignores is still there.
    """

    layout: str
    """Whose layout the file has: ``pgaudit``, ``mmcv``, ``mmengine``, ``basecls`` or ``detectron2``."""
    constructor: str
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    """``type`` and the arguments of the optimizer's class; empty where the layout has a ``solver`` instead."""
    paramwise_cfg: Mapping[str, Any] | None = None
    solver: Mapping[str, Any] | None = None
    written: Mapping[str, Any] | None = None
    """What mmcv's or mmengine's training would be handed: the whole section, as it stands in the file. None in other
    layouts, and where the caller chose another constructor.
    """
    misplaced: tuple[Misplaced, ...] = ()
    """Known options where the config's library does not look."""
    world_size: int = 1
    """Number of training processes; BaseCls multiplies its ``basic_lr`` by it."""
    model: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    architecture: Architecture | None = None
    """The library's own model section, for which ``model`` is None; only of a Python config."""
    ignores: tuple[Ignore, ...] = ()
    expect: Expectations | None = None
    schedule: Schedule | None = None
    """How the lr changes over time, where the config says it."""
    path: str | None = None
    ambiguous: tuple[Ambiguous, ...] = ()
    sections: Mapping[str, Path] = field(default_factory=dict)
    """Where each section stands in the file."""
    keys: Mapping[Path, Location] = field(default_factory=dict)
    values: Mapping[Path, Location] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What its user should know of how it was read."""

    @property
    def names_model(self) -> bool:
        """Whether it says which model it is for."""
        return self.model is not None or self.architecture is not None

    def location(self, section: str | int, *below: str | int) -> Location | None:
        """Returns where a key stands (for a list, its item), such as ``location("paramwise_cfg", "custom_keys",
        "fc")``.

        None for a config given as a mapping, and for what the file does not say.
        """
        path = (*self.sections.get(str(section), (section,)), *below)
        return self.keys.get(path) or self.values.get(path)

    def nearest(self, *at: str | int) -> Location | None:
        """Returns where the key ``at`` stands, or else its nearest parent that stands in the file, or else the file."""
        found = (self.location(*at[:length]) for length in range(len(at), 0, -1))
        return next(filter(None, found), whole_file(self.path))

    def error(self, message: str, *at: str | int, hint: Hint | None = None) -> ConfigError:
        """Returns a :class:`ConfigError` at the key ``at``."""
        return ConfigError(message, hint, self.nearest(*at))

    @contextlib.contextmanager
    def errors_at(self, *at: str | int, words: Mapping[str, str] | None = None) -> Iterator[None]:
        """Gives an error about something that the config names its place in the config.

        Args:
            at: where the name stands, section first.
            words: what the config calls an argument of the class that it names.
        """
        try:
            yield
        except ConfigError:
            raise
        except PgauditError as error:
            argument = getattr(error, "argument", None)
            argument = words.get(argument, argument) if words and argument else argument
            section, *below = at
            inner = (*below[:-1], argument) if argument and argument != "type" else below
            problem = error.findings[0]
            there = self.nearest(section, *inner)
            raise ConfigError(problem.message, problem.advice, there, example=problem.example) from error
