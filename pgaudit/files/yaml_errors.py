"""PyYAML's errors as errors of a config, with a place and a hint."""

from __future__ import annotations

import yaml

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.text import one_line


def syntax_error(error: yaml.MarkedYAMLError, path: str) -> ConfigError:
    """Words a syntax error."""
    mark = error.problem_mark or error.context_mark
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    message = one_line(error.problem or error.context or "cannot be read")
    if "expected a single document" in f"{error.context}":
        message = "a config is one YAML document; a second begins here"
    hint = "indent with spaces" if "'\\t'" in message else None
    return ConfigError(f"not YAML: {message}", hint, where)


def unreadable(text: str, error: yaml.reader.ReaderError, path: str) -> ConfigError:
    """Names the character that PyYAML's reader refuses, and its place, which PyYAML gives as an offset."""
    before = text[: error.position]
    where = Location(path, before.count("\n") + 1, error.position - before.rfind("\n"))
    message = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
    return ConfigError(message, "is this a text file?", where)


def undecodable(data: bytes, error: UnicodeDecodeError, path: str) -> ConfigError:
    """Names the byte that is not UTF-8, and its place."""
    line_start = data.rfind(b"\n", 0, error.start) + 1
    where = Location(path, data.count(b"\n", 0, error.start) + 1, error.start - line_start + 1)
    return ConfigError(f"byte 0x{data[error.start]:02X} is not UTF-8", "is this a text file?", where)
