"""Statements of a Python config → the names that it leaves, as a tree, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from pgaudit.config.python_tree import UNKNOWN, Table, TableEntry, doubt, merged, updated
from pgaudit.config.python_values import Place, Values

BASE = "_base_"
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def scanned(body: Sequence[ast.stmt], place: Place, known: Mapping[str, TableEntry]) -> Table:
    """Returns what a file's statements leave under each name.

    Args:
        body: the statements.
        place: see :data:`Place`.
        known: the names that it begins with: ``_base_``, or what it has taken from bases by import.
    """
    scan = _Scan(place)
    scan.values.names.update(known)
    for statement in body:
        scan.statement(statement)
    found = Table()
    found.entries.update(scan.values.names)
    return found


class _Scan:
    def __init__(self, place: Place) -> None:
        self.values = Values(place)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            value = self.values.of(node.value)
            for target in node.targets:
                self._assign(target, TableEntry(None, value))
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, TableEntry(None, self.values.of(node.value)))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._called(node.value)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self.values.names[name] = TableEntry(None, UNKNOWN, sure=False)
        elif isinstance(node, _DEFINES):
            self.values.remote |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            self.values.names[node.name] = TableEntry(None, UNKNOWN, sure=False)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            self.values.doubt(node)  # a loop, a condition, `del`, `+=`: what they speak of may have become anything

    def _assign(self, target: ast.expr, entry: TableEntry) -> None:
        if isinstance(target, ast.Name):
            if target.id != BASE:
                entry.location = self.values.location(target)
                self.values.names[target.id] = entry
            return
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            parent, key = self.values.entry(target.value), self.values.key(target)
            if parent is not None and isinstance(parent.value, Table) and key is not None:
                computed = isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Constant)
                entry.location = None if computed else self.values.location(target)
                parent.value.entries[key] = entry
                return
        self.values.doubt(target)

    def _called(self, call: ast.Call) -> None:
        """``x.update(...)`` and ``x.merge(...)``, which say what they do; whatever else may do anything."""
        function = call.func
        target = self.values.entry(function.value) if isinstance(function, ast.Attribute) else None
        if not isinstance(function, ast.Attribute) or target is None or not isinstance(target.value, Table):
            self.values.disturb(call)
            return
        table = target.value
        more = self._given(call)
        if function.attr == "update" and more is not None:
            updated(table, more)
        elif function.attr == "merge" and more is not None:
            table.entries = merged(more, table).entries
        else:
            doubt(target)
            self.values.disturb(call)

    def _given(self, call: ast.Call) -> Table | None:
        """The entries that a call is given; None where only running it can tell."""
        table = Table()
        for given in call.args:
            more = self.values.of(given)
            if not isinstance(more, Table) or more.is_list:
                return None
            updated(table, more)
        if any(keyword.arg is None for keyword in call.keywords):
            return None
        self.values.keywords(call, table)
        return table


def base_names(body: Sequence[ast.stmt]) -> ast.expr | None:
    """Returns what a file gives as its ``_base_``."""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == BASE:
            return node.value
    return None


def base_imports(body: Sequence[ast.stmt]) -> list[ast.ImportFrom] | None:
    """Returns the imports under ``with read_base():``; None for a file that has none."""
    for node in body:
        if isinstance(node, ast.With):
            call = node.items[0].context_expr
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "read_base":
                return [each for each in node.body if isinstance(each, ast.ImportFrom)]
    return None


def literal_names(node: ast.expr | None) -> list[tuple[str, ast.expr]] | None:
    """Returns the files that ``_base_`` names, each with where it stands; None where they are computed."""
    items = node.elts if isinstance(node, ast.List) else [node] if node is not None else []
    found: list[tuple[str, ast.expr]] = [
        (each.value, each) for each in items if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return found if len(found) == len(items) else None
