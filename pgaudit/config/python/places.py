"""Where the keys of a Python config stand, read from its syntax tree without running anything.

The statements of a file are read in their order: assignments to names and keys, ``update`` and ``merge``, and in their
values dict displays, ``dict(...)``, lists, constants, arithmetic, and names of these. A key remembers all that it was
ever given, by a base first. The values are mmengine's: a key stands where the last thing was given to it that is what
the config really holds. So nothing here repeats how mmengine merges, nothing depends on what a condition, a loop or a
function does, and what only running the code tells has no place.
"""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pgaudit.core.location import Location, Path

BASE: Final = "_base_"
DELETE: Final = "_delete_"


class Given(NamedTuple):
    """What a key is given, and where the key stands there; None where the key itself is computed."""

    place: Location | None
    values: list[Any]
    """Constants and tables: one, or those that are merged, the base's first; none where only running the code tells."""


Table = dict[str | int, list[Given]]
"""A dict, or a list by its indices: all that each key was given."""


class FileNames:
    """The names of one file."""

    def __init__(self, place: Callable[[int, int], Location], table: Table) -> None:
        """Begins a file.

        Args:
            place: line and byte offset, as ``ast`` counts them → a location.
            table: the names that are there before the first statement. It is added to.
        """
        self._place = place
        self.table = table

    def run(self, node: ast.stmt) -> None:
        """Notes what a statement gives to names and keys."""
        match node:
            case ast.Assign(targets=targets, value=value):
                values = self.values(value)
                for target in targets:
                    self._assign(target, values)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.values(value))
            case ast.Import(names=names):
                for alias in names:
                    path = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.table[alias.asname or path] = [Given(None, [path])]
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    self.table[alias.asname or alias.name] = [Given(None, [f"{module}.{alias.name}"])]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=whole, attr="update" | "merge")) as call):
                for table in _tables(self.values(whole))[-1:]:
                    for key, given in self._table(_arguments(call)).items():
                        table.setdefault(key, []).extend(given[-1:])

    def values(self, node: ast.expr) -> list[Any]:
        """Returns what an expression gives, as :attr:`Given.values` are. What is imported is its dotted path."""
        match node:
            case ast.Constant(value=value):
                return [value]
            case ast.Dict(keys=keys, values=values):
                return [self._table(zip(keys, values, strict=True))]
            case ast.Call(func=ast.Name(id="dict")):
                return [self._table(_arguments(node))]
            case ast.List(elts=items) | ast.Tuple(elts=items):
                starred = any(isinstance(item, ast.Starred) for item in items)
                given = (Given(self._stands(item), self.values(item)) for item in items)
                return [] if starred else [{index: [each] for index, each in enumerate(given)}]
            case ast.Set(elts=[ast.Set(elts=[inner])]):  # {{_base_.x}}
                return self.values(inner)
            case ast.Name(id=name):
                return _below([self.table], name)
            case ast.Attribute(value=whole) | ast.Subscript(value=whole):
                return _below(self.values(whole), self._word(_step(node)))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return [-number for number in _numbers(self.values(operand))]
            case ast.BinOp(left=left, op=sign, right=right) if compute := _ARITHMETIC.get(type(sign)):
                with contextlib.suppress(ArithmeticError, RecursionError):
                    pairs = zip(_numbers(self.values(left)), _numbers(self.values(right)), strict=False)
                    return [compute(one, other) for one, other in pairs]
        return []

    def _assign(self, target: ast.expr, values: list[Any]) -> None:
        match target:
            case ast.Name(id=name) if name != BASE:
                self.table[name] = [Given(self._stands(target), values)]
            case ast.Attribute(value=whole) | ast.Subscript(value=whole):
                step = _step(target)
                if (word := self._word(step)) is not None:
                    for table in _tables(self.values(whole))[-1:]:
                        table.setdefault(word, []).append(Given(self._key_stands(step), values))

    def _table(self, pairs: Iterable[tuple[ast.expr | None, ast.expr]]) -> Table:
        """What a dict display is given; a key that is None spreads its value."""
        table: Table = {}
        for key, value in pairs:
            if key is None:
                table |= joined(*_tables(self.values(value)))
            elif (word := self._word(key)) is not None:
                table[word] = [Given(self._key_stands(key), self.values(value))]
        return table

    def _word(self, key: ast.expr) -> str | int | None:
        values = self.values(key)
        return values[-1] if values and isinstance(values[-1], (str, int)) else None

    def _key_stands(self, key: ast.expr) -> Location | None:
        return self._stands(key) if isinstance(key, ast.Constant) else None

    def _stands(self, node: ast.expr) -> Location:
        return self._place(node.lineno, node.col_offset)


_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def joined(*tables: Table) -> Table:
    """Returns what each key is given by any of several tables."""
    return {key: list(_given(tables, key)) for table in tables for key in table}


def places(tables: Iterable[Table], real: Any, at: Path = ()) -> Iterator[tuple[Path, Location]]:
    """Yields the place of each key of ``real``, what mmengine read, for which the tables tell it."""
    for key, value in _items(real):
        given = [(each.place, one) for each in _given(tables, key) for one in each.values if _agree(one, value)]
        if given and given[-1][0] is not None:
            yield (*at, key), given[-1][0]
        yield from places(_tables(one for _, one in given), value, (*at, key))


def _agree(given: Any, real: Any) -> bool:
    """Whether a value is what the config really holds: the constant, or a table of which any key is still the same."""
    keys = given.keys() - {DELETE} if isinstance(given, dict) else ()
    items = dict(_items(real))
    below = ([_alike(one, items[key]) for one in _below([given], key)] for key in keys if key in items)
    return _alike(given, real) and (not keys or any(not alike or any(alike) for alike in below))


def _alike(given: Any, real: Any) -> bool:
    if isinstance(given, dict):
        return isinstance(real, (Mapping, list, tuple))
    return type(given) is type(real) and bool(given == real)


def _items(real: Any) -> Iterable[tuple[Any, Any]]:
    return real.items() if isinstance(real, Mapping) else enumerate(real) if isinstance(real, (list, tuple)) else ()


def _given(tables: Iterable[Table], key: str | int) -> Iterator[Given]:
    return (given for table in tables for given in table.get(key, ()))


def _below(values: Iterable[Any], key: str | int | None) -> list[Any]:
    """What is given to a key of any of the values, or to a name in what is imported."""
    if key is None:
        return []
    paths = [f"{value}.{key}" for value in values if isinstance(value, str)]
    return [*paths, *(one for given in _given(_tables(values), key) for one in given.values)]


def _tables(values: Iterable[Any]) -> list[Table]:
    return [value for value in values if isinstance(value, dict)]


def _numbers(values: Iterable[Any]) -> Iterator[float]:
    return (value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool))


def _arguments(call: ast.Call) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """What ``dict(...)``, ``x.update(...)`` or ``x.merge(...)`` is given, as the pairs of a dict display."""
    for argument in call.args:
        yield None, argument
    for keyword in call.keywords:
        yield ast.copy_location(ast.Constant(keyword.arg), keyword) if keyword.arg else None, keyword.value


def _step(node: ast.Attribute | ast.Subscript) -> ast.expr:
    """The key that ``x.y`` or ``x['y']`` ends with."""
    if isinstance(node, ast.Subscript):
        return node.slice
    offset = (node.end_col_offset or 0) - len(node.attr.encode())
    return ast.Constant(node.attr, lineno=node.end_lineno or node.lineno, col_offset=offset)
