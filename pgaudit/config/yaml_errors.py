"""PyYAML's errors as problems with a place and a hint."""

from __future__ import annotations

import yaml

from pgaudit.core.errors import Problem
from pgaudit.core.location import Position
from pgaudit.text import one_line


def position_of(node: yaml.Node, file: str | None = None) -> Position:
    """Where a node begins, in a file that is named if it is not the config itself."""
    return Position(node.start_mark.line + 1, node.start_mark.column + 1, file)


def syntax_problem(error: yaml.MarkedYAMLError, path: str) -> Problem:
    """Words a syntax error."""
    mark = error.problem_mark or error.context_mark
    where = Position(mark.line + 1, mark.column + 1) if mark else None
    message = one_line(error.problem or error.context or "cannot be read")
    if "expected a single document" in f"{error.context}":
        message = "a config is one YAML document; a second begins here"
    hint = "indent with spaces" if "'\\t'" in message else None
    return Problem(f"not YAML: {message}", path, where, hint)


def unreadable(text: str, error: yaml.reader.ReaderError, path: str) -> Problem:
    """Names the character that PyYAML's reader refuses, and its place, which PyYAML gives as an offset."""
    before = text[: error.position]
    where = Position(before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
    return Problem(
        f"the character U+{ord(text[error.position]):04X} is not allowed in YAML", path, where, "is this a text file?"
    )


def undecodable(data: bytes, error: UnicodeDecodeError, path: str) -> Problem:
    """Names the byte that is not UTF-8, and its place."""
    line_start = data.rfind(b"\n", 0, error.start) + 1
    where = Position(data.count(b"\n", 0, error.start) + 1, error.start - line_start + 1)
    return Problem(f"byte 0x{data[error.start]:02X} is not UTF-8", path, where, "is this a text file?")
