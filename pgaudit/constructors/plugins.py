"""Constructors that other packages bring, by the entry point ``pgaudit.constructors``.

The entry point's name is what ``constructor:`` says; it leads to an object, or to a class without arguments, that has
what :class:`pgaudit.constructors.Constructor` asks for. A built-in name cannot be taken.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.errors import UsageError
from pgaudit.text import format_exception, quoted, visible

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "pgaudit.constructors"
_NEEDED = (
    "name",
    "title",
    "aliases",
    "layouts",
    "scales_lr",
    "profile",
    "schemas",
    "errors",
    "library",
    "unwraps_module",
    "options",
    "optimizer",
    "chains",
    "decide",
    "evaluations",
    "unread",
)


@cache
def _found() -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points  # only asked for a name that is not built in

    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def plugged_names() -> list[str]:
    """Returns the names of all plug-ins; loads none of them."""
    return list(_found())


def source_of(name: str) -> str:
    """Returns the package and version that bring a plug-in, and where in it."""
    point = _found()[name]
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
    return f"{package} ({point.value})"


@cache
def plugged(name: str) -> Any:
    """Returns the plug-in of that name; None if there is none.

    Raises:
        UsageError: it cannot be loaded, or lacks what a constructor has, or no code may run.
    """
    point = _found().get(name)
    if point is None:
        return None
    user_code.refuse(point.value, f"{quoted(name)} is a constructor of {visible(source_of(name))}")
    whose = f"the constructor {quoted(name)} of {visible(source_of(name))}"
    try:
        loaded = point.load()
        found: Any = loaded() if inspect.isclass(loaded) else loaded
    except Exception as error:  # foreign code
        raise UsageError(f"{whose} cannot be loaded: {format_exception(error)}") from error
    missing = [word for word in _NEEDED if not hasattr(found, word)]
    if missing:
        hint = "pgaudit.constructors.Basic has all but `name`, `title` and `decide`"
        raise UsageError(f"{whose} has no {', '.join(missing)}", hint)
    if found.name != name:
        raise UsageError(f"{whose} calls itself {visible(str(found.name))}")
    return found
