"""Optimizer classes that answer without torch, from records of what they did: see :mod:`pgaudit.optimizers.recording`.

A record knows paths through a class's ``__init__``: which questions it asked of its arguments, with which answers, and
what it then wrote into a group. Arguments that give the same answers lead down the same path. Of any others nothing is
known, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.optimizers.encoding import decoded
from pgaudit.optimizers.groups import GroupValues, SampleGroup, settings_in
from pgaudit.optimizers.traced_numbers import holds, is_number, number_called, numbers_in

AS_GIVEN = {"given": True}
"""Where a factory's argument comes from that it passes on."""
Record = dict[str, Any]
"""What is known of a class, as JSON. ``arguments``: the defaults of its signature. ``words``: those in its methods that
may be keys of a group. ``paths``: for each, the arguments that are no numbers, where they are not the defaults; the
numbers that have to be just these; and its places in ``checks``, ``fills`` and ``takes``.
"""


@dataclass(frozen=True)
class Known:
    """What a class does with some arguments."""

    filled_in: Mapping[str, Any]
    """What it fills into a group without settings of its own."""
    dimensions: tuple[int, ...]
    """How many a tensor may have."""
    dtypes: tuple[str, ...]
    several: bool
    """Whether it takes several groups, and groups with settings of their own."""

    def tried(self, groups: Sequence[SampleGroup]) -> list[GroupValues] | None:
        """Returns what groups hold once the class is built of them; None where that is not known."""
        plain = len(groups) == 1 and not groups[0].settings
        kinds = {tensor for group in groups for tensor in group.tensors}
        if not all(t.leaf and len(t.shape) in self.dimensions and t.dtype in self.dtypes for t in kinds):
            return None
        if not groups or not (self.several or plain):
            return None
        return [settings_in({**self.filled_in, **dict(group.settings)}) for group in groups]


def known(record: Record, given: Mapping[str, Any]) -> Known | None:
    """Returns what a class does with arguments; None where that is not known."""
    defaults = record["arguments"]
    unusual = unusual_forms(record, given)
    if unusual is None:
        return None
    arguments = {**{name: decoded(value) for name, value in defaults.items()}, **given}
    numbers = {at: number for name, value in arguments.items() for at, number in numbers_in(name, value).items()}
    for form, just, checks, fills, takes in record["paths"]:
        if (
            form == unusual
            and all(repr(arguments[name]) == repr(value) for name, value in just.items())
            and all(holds(check, numbers) for check in record["checks"][checks])
        ):
            filled = dict(_filled(entry, arguments, numbers) for entry in record["fills"][fills])
            dimensions, dtypes, several = record["takes"][takes]
            return Known(filled, tuple(dimensions), tuple(dtypes), several)
    return None


def unusual_forms(record: Record, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the forms of the arguments that differ from the defaults' in more than numbers; None for an argument that
    the class does not know, or whose form cannot be told.
    """
    defaults = record["arguments"]
    if not given.keys() <= defaults.keys():
        return None
    forms = {name: form_of(value) for name, value in given.items()}
    if any(form is None for form in forms.values()):
        return None
    return {name: form for name, form in forms.items() if form != form_of(decoded(defaults[name]))}


def form_of(value: Any) -> Any:
    """Returns all of a value but its numbers, each of which is 0; None if that cannot be told."""
    if is_number(value):
        return 0
    if value is None or type(value) in (bool, str):
        return {"is": value}
    if type(value) in (list, tuple):
        items = [form_of(item) for item in value]
        return None if None in items else {type(value).__name__: items}
    return None


def _filled(entry: Any, arguments: Mapping[str, Any], numbers: Mapping[str, Any]) -> tuple[str, Any]:
    """A key alone has the argument's value."""
    if isinstance(entry, str):
        return entry, arguments[entry]
    key, reference = entry
    return key, resolved(reference, numbers)


def resolved(reference: Any, numbers: Mapping[str, Any]) -> Any:
    """Returns what a reference of :func:`pgaudit.optimizers.recording.reference` stands for."""
    if not isinstance(reference, dict):
        return reference
    ((kind, held),) = reference.items()
    if kind == "number":
        return number_called(held, numbers)
    if kind in ("list", "tuple"):
        items = [resolved(item, numbers) for item in held]
        return tuple(items) if kind == "tuple" else items
    return decoded(reference)
