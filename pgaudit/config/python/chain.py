"""A Python config and the files that it inherits from, read but not run: what is wrong with the chain, and what its
names are given.
"""

from __future__ import annotations

import ast
import os
import symtable
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder

from pgaudit.config.bases import refuse_unreadable, shown
from pgaudit.config.python.places import BASE, FileNames, Given, Table, joined
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.reading import merge_mark, read_file
from pgaudit.files.yaml_errors import undecodable
from pgaudit.text import one_line


class Chain:
    """The files of one config."""

    def __init__(self, path: str) -> None:
        """Reads them all.

        Raises:
            ConfigError: one is missing, is no Python, or inherits from itself; with file and line.
        """
        self.path = path
        self.sources: dict[str, PythonFile] = {}
        """The files by their absolute paths."""
        self.whole = True
        """Whether all bases could be told."""
        self.names = self._read(os.path.abspath(path), ())
        """The names that the config leaves, with all that each was given."""

    def _read(self, file: str, users: tuple[str, ...]) -> Table:
        source = self.sources[file] = PythonFile(file, shown(file, self.path), is_base=bool(users))
        base: Table = {}
        imported: Table = {}
        for path, node in source.bases():
            if path is None or not path.endswith(".py"):
                self.whole = False
                if path and os.path.exists(path):
                    read_file(shown(path, self.path))  # mmengine reads it, and would wait for a named pipe
                continue
            refuse_unreadable(path, (*users, file), self.path, source.place(node.lineno, node.col_offset))
            table = self._read(path, (*users, file))
            if isinstance(node, ast.ImportFrom):
                imported |= source.imported(node, table)
            else:
                base |= table
        names = FileNames(source.place, imported or {BASE: [Given(None, [base])]})
        for statement in source.body:
            names.run(statement)
        names.table.pop(BASE, None)
        return joined(base, {name: [] for name in source.assigned}, names.table)


class PythonFile:
    """One file, parsed."""

    def __init__(self, file: str, name: str, *, is_base: bool) -> None:
        """Parses it.

        Args:
            file: its absolute path.
            name: how it is named to the user.
            is_base: whether it is not the config itself but one that it inherits from.

        Raises:
            ConfigError: it is no Python.
        """
        self._file, self._name, self._is_base = file, name, is_base
        data = read_file(name)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise undecodable(data, error, name) from None
        self._lines = text.split("\n")
        try:
            self.body = ast.parse(text).body
            symbols = symtable.symtable(text, name, "exec").get_symbols()
        except SyntaxError as error:
            raise self._refused(error) from None
        except (ValueError, RecursionError, MemoryError) as error:  # a NUL; nested too deeply
            raise ConfigError(f"not Python: {one_line(error)}", location=Location(name)) from None
        self.assigned = [symbol.get_name() for symbol in symbols if symbol.is_assigned()]
        """The names that it sets, in conditions and loops, too."""

    def bases(self) -> Sequence[tuple[str | None, ast.expr | ast.ImportFrom]]:
        """Returns the files that ``_base_`` or ``with read_base():`` names, None for those that only running the code
        tells; each with the node that names it.
        """
        for statement in self.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="_base_"), *_], value=value):
                    named = value.elts if isinstance(value, ast.List) else [value]
                    return [(self._base(each), each) for each in named]
                case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id="read_base")))], body=body):
                    return [(self._module(each), each) for each in body if isinstance(each, ast.ImportFrom)]
        return []

    def imported(self, node: ast.ImportFrom, base: Table) -> Table:
        """Returns the names that an import from a base brings."""
        table: Table = {}
        for alias in node.names:
            if alias.name == "*":
                table |= base
            elif alias.name in base:
                given = table[alias.asname or alias.name] = list(base[alias.name])
                if given and alias.asname and alias.end_lineno and alias.end_col_offset:
                    start = alias.end_col_offset - len(alias.asname.encode())
                    given[-1] = given[-1]._replace(place=self.place(alias.end_lineno, start))
        return table

    def place(self, line: int, offset: int) -> Location:
        """Returns where a node begins: ``ast`` counts columns in bytes."""
        before = self._lines[line - 1].encode()[:offset] if line <= len(self._lines) else b""
        return self.location(line, len(before.decode(errors="replace")) + 1)

    def location(self, line: int, column: int) -> Location:
        """Returns a place in the file."""
        return Location(self._name, line, column, self._is_base)

    def _base(self, node: ast.expr) -> str | None:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or "{{" in node.value:
            return None
        package, colons, inside = node.value.partition("::")
        if not colons:
            return os.path.normpath(os.path.join(os.path.dirname(self._file), node.value))
        found = os.path.join(_package(package) or "", ".mim", "configs", inside)
        return found if os.path.isabs(found) and os.path.isfile(found) else None

    def _module(self, node: ast.ImportFrom) -> str | None:
        first, *steps = (node.module or "").split(".")
        if node.level and first:
            folder = os.path.join(os.path.dirname(self._file), *[os.pardir] * (node.level - 1))
            return os.path.normpath(os.path.join(folder, first, *steps)) + ".py"
        root = _package(first)
        return os.path.join(root, *steps) + ".py" if root and steps else None

    def _refused(self, error: SyntaxError) -> ConfigError:
        if (mark := merge_mark(self._lines)) is not None:
            return ConfigError("the marks of a merge conflict", location=self.location(mark, 1))
        at = self.location(max(error.lineno or 1, 1), max(error.offset or 1, 1))
        return ConfigError(f"not Python: {one_line(error.msg)}", location=at)


def _package(name: str) -> str | None:
    """Where a package lies; it is not imported."""
    if not name.isidentifier():
        return None
    spec = PathFinder.find_spec(name, [*sys.path, os.getcwd()])  # the config itself finds the current folder last
    return next(iter(spec.submodule_search_locations or ()), None) if spec else None
