"""Expressions of a Python config → values of the tree, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable

from pgaudit.config.python_tree import UNKNOWN, Literal, Node, Table, TableEntry, copied, doubt, updated
from pgaudit.core.location import Location

Place = Callable[[int, int], Location]
"""Line and byte offset, as ``ast`` gives them → a location in the file."""

_PURE = frozenset(
    """
    abs bool dict divmod enumerate float int len list max min pow range reversed round set sorted str sum tuple zip
    format join keys values items get copy deepcopy lower upper replace split
    """.split()
)
"""Functions and methods that leave what they are given as it is."""


class Values:
    """Evaluates expressions over the names of a file, as far as that can be told."""

    def __init__(self, place: Place) -> None:
        self.names: dict[str, TableEntry] = {}
        self.remote: set[str] = set()
        """The names that functions of the file speak of: whatever calls one may change them."""
        self._place = place

    def of(self, node: ast.expr) -> Node:
        """Returns an expression's value."""
        if isinstance(node, ast.Constant):
            return Literal(node.value)
        if isinstance(node, ast.Name):
            return self.names[node.id].value if node.id in self.names else UNKNOWN
        if isinstance(node, ast.Dict):
            return self._dict(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._list(node)
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            entry = self.entry(node)
            return entry.value if entry else UNKNOWN
        if isinstance(node, ast.Set) and len(node.elts) == 1 and isinstance(node.elts[0], ast.Set):
            return self._of_base(node.elts[0])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _negative(self.of(node.operand))
        if isinstance(node, ast.Call):
            return self._call(node)
        self.disturb(node)
        return UNKNOWN

    def entry(self, node: ast.expr) -> TableEntry | None:
        """Returns what a chain such as ``_base_.model['head']`` leads to."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if not isinstance(node, (ast.Attribute, ast.Subscript)):
            return None
        parent, key = self.entry(node.value), self.key(node)
        if parent is None or key is None or not isinstance(parent.value, Table):
            return None
        return parent.value.entries.get(key)

    def key(self, node: ast.Attribute | ast.Subscript) -> str | int | None:
        """Returns the key that the last step of a chain names; None where it is computed."""
        if isinstance(node, ast.Attribute):
            return node.attr
        found = self.of(node.slice)
        return found.value if isinstance(found, Literal) and isinstance(found.value, (str, int)) else None

    def location(self, node: ast.expr | ast.keyword) -> Location:
        """Returns where the key stands that an expression is, or that ends a chain."""
        if isinstance(node, ast.Attribute) and node.end_lineno and node.end_col_offset:
            return self._place(node.end_lineno, node.end_col_offset - len(node.attr.encode()))
        if isinstance(node, ast.Subscript):
            return self._place(node.slice.lineno, node.slice.col_offset)
        return self._place(node.lineno, node.col_offset)

    def disturb(self, node: ast.AST) -> None:
        """Doubts what calls inside an expression may change, and what it binds."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and _called(part) not in _PURE:
                self.doubt(part)
            elif isinstance(part, ast.NamedExpr):
                self.names[part.target.id] = TableEntry(None, UNKNOWN, sure=False)

    def doubt(self, node: ast.AST) -> None:
        """Doubts all that a piece of code, and the file's functions, speak of."""
        for name in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | self.remote:
            doubt(self.names.setdefault(name, TableEntry(None, UNKNOWN, sure=False)))

    def _of_base(self, inner: ast.Set) -> Node:
        """``{{_base_.x}}``, which Python reads as a set in a set."""
        root = inner.elts[0] if len(inner.elts) == 1 else None
        return self.of(root) if isinstance(root, (ast.Attribute, ast.Subscript)) else UNKNOWN

    def _dict(self, node: ast.Dict) -> Node:
        table = Table()
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self._spread(table, value)
                continue
            name = self.of(key)
            if isinstance(name, Literal) and isinstance(name.value, (str, int)):
                stands = self.location(key) if isinstance(key, ast.Constant) else None
                table.entries[name.value] = TableEntry(stands, self.of(value))
            else:  # any of those before it may be meant
                table.doubt()
                self.disturb(value)
        return table

    def _list(self, node: ast.List | ast.Tuple) -> Node:
        if any(isinstance(item, ast.Starred) for item in node.elts):
            self.disturb(node)
            return UNKNOWN
        table = Table(is_list=True)
        for index, item in enumerate(node.elts):
            table.entries[index] = TableEntry(self.location(item), self.of(item))
        return table

    def _call(self, node: ast.Call) -> Node:
        name = _called(node)
        if isinstance(node.func, ast.Name) and name == "dict":
            table = Table()
            for given in node.args:
                self._spread(table, given)
            self.keywords(node, table)
            return table
        if name in ("copy", "deepcopy") and not node.keywords and len(node.args) < 2:
            source = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
            return copied(self.of(source)) if source is not None else UNKNOWN
        self.disturb(node)
        return UNKNOWN

    def keywords(self, node: ast.Call, table: Table) -> None:
        """Puts a call's keywords into a table."""
        for keyword in node.keywords:
            if keyword.arg is None:
                self._spread(table, keyword.value)
            else:
                table.entries[keyword.arg] = TableEntry(self.location(keyword), self.of(keyword.value))

    def _spread(self, table: Table, value: ast.expr) -> None:
        more = self.of(value)
        if isinstance(more, Table) and not more.is_list:
            table.entries.update(copied_entries(more))
        else:
            table.doubt()


def copied_entries(table: Table) -> dict[str | int, TableEntry]:
    """Returns the entries of a table as those of another, which shares what is below them."""
    fresh = Table()
    updated(fresh, table)
    return fresh.entries


def _negative(node: Node) -> Node:
    number = node.value if isinstance(node, Literal) else None
    plain = isinstance(number, (int, float)) and not isinstance(number, bool)
    return Literal(-number) if plain and number is not None else UNKNOWN


def _called(node: ast.Call) -> str:
    """The name of the function or method that is called."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
