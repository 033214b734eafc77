"""What hydra and the Lightning CLI have in common: a mapping that names a class and holds its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgaudit.config.dialects.interpolation import MANDATORY, Interpolation
from pgaudit.config.dialects.translation import Translator, unreadable
from pgaudit.config.dialects.words import Words
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.text import quoted

_OPTIMIZERS = re.compile(r"(?:\w+_)?(?:optim|optimi[sz]er|opt)\d*(?:_(?!.*sched)\w+)?")
_SCHEDULERS = re.compile(r"(?:\w+_)?sched(?:ule|uler)?(?:_\w+)?")
_SCHEDULES = "torch.optim.lr_scheduler"
_OF_LIGHTNING = ("lightning.pytorch.cli", "pytorch_lightning.cli")
"""Where Lightning has a ReduceLROnPlateau that also holds what to monitor."""


@dataclass(frozen=True)
class Spelling:
    """How a tool writes it."""

    word: str
    """The key of the class."""
    inside: tuple[Path, ...] = ((),)
    """Below which keys arguments stand."""
    aside: frozenset[str] = frozenset()
    """Keys beside the arguments that are the tool's own."""
    positional: str | None = None
    """The key of arguments without a name."""


def optimizer_of(words: Words, spelling: Spelling) -> Path | None:
    """Returns where the optimizer stands; None where there is none.

    Raises:
        ConfigError: there are several.
    """
    found = words.mappings(_OPTIMIZERS, spelling.word)
    if len(found) > 1:
        names = " and ".join(quoted(".".join(map(str, each))) for each in found[:3])
        raise words.error(f"there are {len(found)} optimizers here, {names}; pgaudit takes one of a config", *found[0])
    return found[0] if found else None


def say_optimizer(own: Translator, words: Words, spelling: Spelling, at: Path) -> None:
    """Says which optimizer stands there.

    Raises:
        ConfigError: it is told by what a config does not hold.
    """
    asked = Interpolation(words)
    name = _class_name(words, asked, spelling, at)
    module, _, kind = name.rpartition(".")
    own.say(("optimizer",), {}, at)
    own.say(("optimizer", "type"), kind if module in ("", "torch.optim") else f"{module}:{kind}", (*at, spelling.word))
    for place in _arguments(words, spelling, at):
        if place[-1] == "params":
            if words.get(*place) not in (None, MANDATORY):
                raise words.error("the groups of the optimizer are made by what `params` says", *place)
            continue
        value = asked.get(*place)
        if _is_instance(value, spelling):
            raise words.error(f"{quoted(place[-1])} is an object, which only the code makes", *place)
        own.say(("optimizer", str(place[-1])), value, place)


def schedule_beside(words: Words, spelling: Spelling, optimizer: Path) -> Schedule | None:
    """Returns the schedule of an optimizer, which stands beside it or is the only one; None where there is none."""
    found = words.mappings(_SCHEDULERS, spelling.word)
    near = [each for each in found if each[:-1] == optimizer[:-1]] or found
    if not near:
        return None
    try:
        if len(near) > 1:
            names = " and ".join(f"`{'.'.join(map(str, each))}`" for each in near[:2])
            raise words.error(f"{names} are both schedules", *near[0], hint="`--scheduler` says one in their place")
        return Schedule("torch", _scheduler(words, spelling, near[0]), at=near[0], of_training=True)
    except ConfigError as error:
        return unreadable(near[0], "torch", error.findings)


def _scheduler(words: Words, spelling: Spelling, at: Path) -> dict[str, Any]:
    asked = Interpolation(words)
    name = _class_name(words, asked, spelling, at)
    module, _, kind = name.rpartition(".")
    of_lightning = module in _OF_LIGHTNING
    if module not in ("", _SCHEDULES) and not of_lightning:
        hint = "`--scheduler` says one in its place"
        raise words.error(f"{quoted(name)} is none of {_SCHEDULES}", *at, spelling.word, hint=hint)
    found: dict[str, Any] = {"type": kind}
    for place in _arguments(words, spelling, at):
        key = place[-1]
        if key == "optimizer" or (key == "monitor" and of_lightning):
            continue
        if key == "schedulers" and isinstance(inside := words.get(*place), list):
            found["schedulers"] = [_scheduler(words, spelling, (*place, index)) for index in range(len(inside))]
        else:
            found[str(key)] = asked.get(*place)
    return found


def _class_name(words: Words, asked: Interpolation, spelling: Spelling, at: Path) -> str:
    name = asked.get(*at, spelling.word) if words.has(*at, spelling.word) else None
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        raise words.error(f"`{spelling.word}` names no class", *at, spelling.word)
    if spelling.positional is not None and words.get(*at, spelling.positional):
        raise words.error(f"`{spelling.positional}` hands over arguments without names", *at, spelling.positional)
    return name


def _arguments(words: Words, spelling: Spelling, at: Path) -> Iterator[Path]:
    """Where the arguments of a class stand."""
    own = {spelling.word, spelling.positional, *spelling.aside}
    inside = {below[0] for below in spelling.inside if below}
    for key in words.get(*at) if inside else ():
        if key not in own | inside:
            message = f"{quoted(key)} stands beside `{spelling.word}`, where jsonargparse takes no argument"
            raise words.error(message, *at, key, hint=f"it belongs in `{spelling.inside[0][0]}`")
    for below in spelling.inside:
        arguments = words.get(*at, *below)
        if arguments is not None and not isinstance(arguments, dict):
            raise words.error("arguments are a mapping", *at, *below, hint=None)
        for key in arguments or ():
            if below or key not in own:
                yield (*at, *below, key)


def _is_instance(value: Any, spelling: Spelling) -> bool:
    if isinstance(value, list):
        return any(_is_instance(each, spelling) for each in value)
    return isinstance(value, dict) and (
        spelling.word in value or any(_is_instance(v, spelling) for v in value.values())
    )
