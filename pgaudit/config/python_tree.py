"""What can be told of a Python config without running it: which keys stand where, as a tree of values.

A value is a :class:`Table` (a dict or a list), a :class:`Literal`, or UNKNOWN. An entry that code may have changed
since is not sure: it counts only where its literal values turn out to be those of the config that was really read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pgaudit.core.location import Location, Path

DELETE: Final = "_delete_"
"""The key by which a dict asks to take the place of the inherited one instead of being merged into it."""


@dataclass(frozen=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True)
class Unknown:
    """What only running the code can tell."""


UNKNOWN: Final = Unknown()


@dataclass(slots=True)
class TableEntry:
    """A key with its place, None where the key itself is computed, and its value."""

    location: Location | None
    value: Node
    sure: bool = True


@dataclass(slots=True)
class Table:
    """A dict, or a list under its indices."""

    entries: dict[str | int, TableEntry] = field(default_factory=dict)
    is_list: bool = False
    merges: bool = False
    """Whether its ``update`` merges below the first level: an inherited dict is mmengine's ConfigDict."""

    def doubt(self) -> None:
        """Makes nothing in it sure any more."""
        for entry in self.entries.values():
            doubt(entry)

    def inherited(self, seen: frozenset[int] = frozenset()) -> None:
        """Makes it and all dicts in it those of a base."""
        self.merges = True
        for entry in self.entries.values():
            if isinstance(entry.value, Table) and id(entry.value) not in seen:  # what contains itself ends here
                entry.value.inherited(seen | {id(self)})


Node = Table | Literal | Unknown


def doubt(entry: TableEntry) -> None:
    """Makes an entry, and all in it, unsure."""
    if entry.sure:  # what contains itself ends here
        entry.sure = False
        if isinstance(entry.value, Table):
            entry.value.doubt()
    elif isinstance(entry.value, Table) and any(each.sure for each in entry.value.entries.values()):
        entry.value.doubt()


def copied(node: Node) -> Node:
    """Returns a copy that shares no table."""
    if not isinstance(node, Table):
        return node
    entries = {key: TableEntry(each.location, copied(each.value), each.sure) for key, each in node.entries.items()}
    return Table(entries, node.is_list, node.merges)


def merged(child: Table, base: Table) -> Table:
    """Returns a base with a child's entries put over it, as mmengine's ``Config._merge_a_into_b`` does."""
    result = Table(dict(base.entries), merges=True)
    for key, entry in child.entries.items():
        value, inherited = entry.value, base.entries.get(key)
        if isinstance(value, Table) and not value.is_list and inherited is not None:
            if _deletes(value):
                value.entries.pop(DELETE)
            elif isinstance(inherited.value, Table) and not inherited.value.is_list:
                value = merged(value, inherited.value)
        result.entries[key] = TableEntry(entry.location, value, entry.sure)
    return result


def _deletes(table: Table) -> bool:
    mark = table.entries.get(DELETE)
    return mark is not None and isinstance(mark.value, Literal) and bool(mark.value.value)


def updated(table: Table, more: Table) -> None:
    """Puts the entries of ``more`` into a table, as ``table.update(more)`` does."""
    for key, entry in more.entries.items():
        old = table.entries.get(key)
        if table.merges and old is not None and isinstance(old.value, Table) and isinstance(entry.value, Table):
            updated(old.value, entry.value)
            table.entries[key] = TableEntry(entry.location, old.value, entry.sure)
        else:
            table.entries[key] = TableEntry(entry.location, entry.value, entry.sure)


def places(table: Table, real: Any, at: Path = ()) -> Iterator[tuple[Path, Location]]:
    """Yields the place of each key of ``real``, the config that was really read, that the tree tells truly."""
    for key, entry in table.entries.items():
        if not _has(real, key):
            continue
        value = real[key]
        if _contradicts(entry.value, value) or not (entry.sure or _agrees(entry.value, value)):
            continue
        if entry.location is not None:
            yield (*at, key), entry.location
        if isinstance(entry.value, Table):
            yield from places(entry.value, value, (*at, key))


def _has(real: Any, key: str | int) -> bool:
    if isinstance(real, Mapping):
        return key in real
    return isinstance(real, (list, tuple)) and isinstance(key, int) and key < len(real)


def _contradicts(node: Node, value: Any) -> bool:
    """Whether the config really has another value there."""
    if isinstance(node, Literal):
        return type(node.value) is not type(value) or node.value != value
    if isinstance(node, Table):
        return not isinstance(value, (list, tuple) if node.is_list else Mapping)
    return False


def _agrees(node: Node, value: Any) -> bool:
    """Whether the tree tells the whole value, and the config really has it."""
    if isinstance(node, Table):
        same = not _contradicts(node, value) and len(node.entries) == len(value)
        return same and all(
            _has(value, key) and _agrees(entry.value, value[key]) for key, entry in node.entries.items()
        )
    return isinstance(node, Literal) and not _contradicts(node, value)
