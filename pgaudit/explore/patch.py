"""A config's text with the edits in it; or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config import load_config
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Path
from pgaudit.explore.multipliers import Multiplier, Number, key_words, multipliers, spelled
from pgaudit.fix import Fixed
from pgaudit.fix.edit import renumbered
from pgaudit.text import quoted, visible

_WRITABLE = (".yaml", ".yml", ".json")


def patched(
    own: Config, data: bytes | None, edits: Mapping[Path, Any], wanted: Config, *, constructor: str | None
) -> Fixed:
    """Returns a config's text before and after: the edits are in it, nothing else is another, and it is read as they
    were decided.

    Args:
        own: the config as its file has it.
        data: what the file holds; None for a config that is code.
        edits: the values, by their paths.
        wanted: what they make of the config.
        constructor: takes the place of the one that the config names.

    Raises:
        UsageError: there is no such text.
    """
    path = own.path
    if path is None:
        raise UsageError("no file has this policy, so nothing is written", "pgaudit init MODEL writes one")
    if data is None or not path.endswith(_WRITABLE):
        kind = "is code" if path.endswith(".py") else "is no file of YAML or JSON"
        raise UsageError(f"{quoted(path)} {kind}, so nothing is written", "write the numbers into it yourself")
    numbers = {each.path: each for each in multipliers(own)}
    for at, value in edits.items():
        if at not in numbers or not isinstance(value, (int, float)) or isinstance(value, bool):
            raise UsageError(f"{quoted(path)} has no number at {visible(key_words(at))}, so nothing is written")
    after = data
    # From the end on, so that what is yet to be written stays where it is.
    for at in sorted(edits, key=lambda at: _line_and_column(numbers[at]), reverse=True):
        after = _written(path, after, numbers[at], edits[at])
    if _decides(load_config(path, constructor=constructor, data=after)) != _decides(wanted):
        raise UsageError(f"{quoted(path)} would be read otherwise with these numbers in it, so nothing is written")
    return Fixed(path, data, after, ())


def _line_and_column(of: Multiplier) -> tuple[int, int]:
    at = of.location
    return (at.line or 0, at.column or 0) if at else (0, 0)


def _written(path: str, data: bytes, old: Multiplier, new: Number) -> bytes:
    """The text with one number replaced."""
    at = old.location
    if at is None or at.line is None:
        raise UsageError(f"{quoted(path)} does not say {old.label} itself, so nothing is written")
    if at.inherited or at.path != path:
        raise UsageError(f"{old.label} stands in {quoted(at.path)}, which others may build upon: nothing is written")
    edit = renumbered(data, at, old.value, spelled(new))
    if edit is None:
        raise UsageError(f"{at}: {old.label} is not a plain number there, so nothing is written")
    if not edit.alone:
        raise UsageError(f"{at}: what an anchor names stands in several places, so nothing is written")
    return edit.data


def _decides(of: Config) -> tuple[object, ...]:
    """All that a config says of how parameters are trained, wherever it stands."""
    sections = of.optimizer, of.paramwise_cfg, of.solver, of.written, dict(of.sections)
    return of.layout, of.constructor, *sections, of.world_size, of.model, of.model_args
