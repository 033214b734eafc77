"""Names in a lock file: folded where they repeat, and spelled so that nothing else can be meant."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence

_PLAIN = re.compile(r"[\w.<>-]+", re.ASCII)
_SET = re.compile(r"\{([^{}]*)\}")
_FOLDED = re.compile(r"[\w.<>{},-]+", re.ASCII)
_MOST = 1_000_000
"""Names that one line may stand for; a damaged range must not fill the memory."""


def spelled(name: str, members: Sequence[str]) -> Iterator[str]:
    """Yields what stands in the file for some parameters: their folded name, or each by itself where that would not be
    exact.
    """
    if len(members) > 1 and _is_exact(name, members):
        yield name
        return
    for member in members:
        yield member if _PLAIN.fullmatch(member) else json.dumps(member)


def _is_exact(name: str, members: Sequence[str]) -> bool:
    try:
        return sorted(expanded(name)) == sorted(members)
    except ValueError:  # a brace or comma of the model's own
        return False


def expanded(text: str) -> list[str]:
    """Returns the names that a text stands for.

    Raises:
        ValueError: it is no name, in words that say why.
    """
    if text.startswith('"'):
        try:
            name = json.loads(text)
        except ValueError:
            raise ValueError(f"not a quoted name: {text}") from None
        return [name]
    if not _FOLDED.fullmatch(text):
        raise ValueError(f"not a parameter's name: {text}")
    parts = _SET.split(text)
    if any(char in part for part in parts[::2] for char in "{},"):
        raise ValueError(f"a brace or comma that belongs to no set: {text}")
    choices = [list(_members(part)) if index % 2 else [part] for index, part in enumerate(parts)]
    count = 1
    for choice in choices:
        count *= len(choice)
        if count > _MOST:
            raise ValueError(f"more than {_MOST:,} names: {text}")
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _members(inside: str) -> Iterator[str]:
    for part in inside.split(","):
        first, dots, last = part.partition("..")
        if not dots:
            if not part:
                raise ValueError(f"an empty place in {{{inside}}}")
            yield part
            continue
        if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) < int(first) + _MOST):
            raise ValueError(f"not a range: {part}")
        yield from map(str, range(int(first), int(last) + 1))
