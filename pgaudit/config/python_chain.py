"""A Python config and the files that it inherits from, read but not run: what is wrong with the chain, and what stands
where.

mmengine reads the values, always; this knows only places, and says nothing where they depend on what code does.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder

from pgaudit.config.bases import refuse_unreadable, shown
from pgaudit.config.python_scan import BASE, base_imports, base_names, literal_names, scanned
from pgaudit.config.python_tree import UNKNOWN, Table, TableEntry, merged
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.documents import merge_mark, read_file
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
        self.files: dict[str, str] = {}
        """How each file is named to the user, by its absolute path."""
        self.whole = True
        """Whether all bases could be told."""
        self.tree = self._file(os.path.abspath(path), ())

    def shown(self, file: str) -> str:
        """Returns a file as seen from where the config was named; one that lies elsewhere by its whole path."""
        return shown(file, self.path)

    def location(self, file: str, line: int, column: int) -> Location:
        """Returns a place in one of the files."""
        return Location(self.shown(file), line, column, file != os.path.abspath(self.path))

    def _file(self, file: str, users: tuple[str, ...]) -> Table:
        self.files[file] = self.shown(file)
        source = _Source(self, file)
        imports = base_imports(source.body)
        if imports is not None:
            return scanned(source.body, source.place, self._imported(source, imports, (*users, file)))
        base = self._inherited(source, (*users, file))
        names = scanned(source.body, source.place, {BASE: TableEntry(None, UNKNOWN if base is None else base)})
        del names.entries[BASE]
        return names if base is None else merged(names, base)

    def _inherited(self, source: _Source, users: tuple[str, ...]) -> Table | None:
        """The bases that ``_base_`` names, together; None where that cannot be told."""
        named = literal_names(base_names(source.body))
        paths = [(self._base_path(source.file, name), node) for name, node in named or ()]
        base = Table(merges=True)
        for path, node in paths:
            if path is None:
                continue
            if not path.endswith(".py"):
                if os.path.exists(path):
                    read_file(self.shown(path))  # mmengine reads it, and would wait for a named pipe
                continue
            base.entries.update(self._base(source, path, node, users).entries)
        if named is None or any(path is None or not path.endswith(".py") for path, _ in paths):
            self.whole = False
            return None
        return base

    def _imported(
        self, source: _Source, imports: Sequence[ast.ImportFrom], users: tuple[str, ...]
    ) -> dict[str, TableEntry]:
        """The names that ``with read_base():`` brings."""
        known: dict[str, TableEntry] = {}
        for node in imports:
            path = _module_path(source.file, node)
            if path is None:
                self.whole = False
                continue
            entries = self._base(source, path, node, users).entries
            for alias in node.names:
                if alias.name == "*":
                    known.update({str(name): entry for name, entry in entries.items()})
                elif alias.name in entries:
                    entry = entries[alias.name]
                    stands = source.end(alias) if alias.asname else entry.location
                    known[alias.asname or alias.name] = TableEntry(stands, entry.value, entry.sure)
        return known

    def _base(self, source: _Source, path: str, node: ast.expr | ast.ImportFrom, users: tuple[str, ...]) -> Table:
        refuse_unreadable(path, users, self.path, source.place(node.lineno, node.col_offset))
        table = self._file(path, users)
        table.inherited()
        return table

    @staticmethod
    def _base_path(file: str, name: str) -> str | None:
        package, colons, inside = name.partition("::")
        if colons:
            root = _package(package)
            found = os.path.join(root, ".mim", "configs", inside) if root else ""
            return found if os.path.isfile(found) else None
        return None if "{{" in name else os.path.normpath(os.path.join(os.path.dirname(file), name))


class _Source:
    """One file, parsed."""

    def __init__(self, chain: Chain, file: str) -> None:
        self.file = file
        self._chain = chain
        data = read_file(chain.files[file])
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise undecodable(data, error, chain.files[file]) from None
        self._lines = text.split("\n")
        try:
            self.body: list[ast.stmt] = ast.parse(text).body
        except SyntaxError as error:
            raise self._refused(error) from None
        except (ValueError, RecursionError, MemoryError) as error:  # a NUL; nested too deeply
            raise ConfigError(f"not Python: {one_line(error)}", location=Location(chain.files[file])) from None

    def place(self, line: int, offset: int) -> Location:
        """Returns where a node begins: ``ast`` counts columns in bytes."""
        before = self._lines[line - 1].encode()[:offset] if line <= len(self._lines) else b""
        return self._chain.location(self.file, line, len(before.decode(errors="replace")) + 1)

    def end(self, alias: ast.alias) -> Location | None:
        """Returns where the new name stands, which ends ``a as b``."""
        line, offset = alias.end_lineno, alias.end_col_offset
        name = len((alias.asname or alias.name).encode())
        return self.place(line, offset - name) if line and offset else None

    def _refused(self, error: SyntaxError) -> ConfigError:
        if (mark := merge_mark(self._lines)) is not None:
            return ConfigError("the marks of a merge conflict", location=self._chain.location(self.file, mark, 1))
        at = self._chain.location(self.file, max(error.lineno or 1, 1), max(error.offset or 1, 1))
        return ConfigError(f"not Python: {one_line(error.msg)}", location=at)


def _module_path(file: str, node: ast.ImportFrom) -> str | None:
    """The file of the module that is imported from; None where that cannot be told."""
    steps = (node.module or "").split(".")
    if node.module is None:
        return None
    if node.level:
        folder = os.path.join(os.path.dirname(file), *[os.pardir] * (node.level - 1))
        return os.path.normpath(os.path.join(folder, *steps)) + ".py"
    root = _package(steps[0])
    return os.path.join(root, *steps[1:]) + ".py" if root and len(steps) > 1 else None


def _package(name: str) -> str | None:
    """Where a package lies; it is not imported."""
    if not name.isidentifier():
        return None
    spec = PathFinder.find_spec(name, [*sys.path, os.getcwd()])  # the config itself finds the current folder last
    return next(iter(spec.submodule_search_locations or ()), None) if spec else None
