"""TOML text → a document. Python's parser gives no places; those that can be read off the lines are added."""

from __future__ import annotations

import re
import sys

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location, Path
from pgaudit.files.document import Document
from pgaudit.files.yaml_text import MAX_BYTES
from pgaudit.text import one_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\s-]+?)\s*\]\]?\s*(?:#.*)?", re.ASCII)
_KEY = re.compile(r"\s*([\w-]+)\s*=", re.ASCII)
_LONG = re.compile(r'"""|' + "'''")


def read_toml(data: bytes, path: str) -> Document:
    """Reads TOML.

    Raises:
        ConfigError: it is none, with the place of the error.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"the file is larger than the {MAX_BYTES:,} bytes that it may have", location=Location(path))
    try:
        text = data.decode("utf-8")
        value = tomllib.loads(text)
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8 text", location=Location(path)) from None
    except tomllib.TOMLDecodeError as error:
        message = one_line(error)
        found = _AT.search(message)
        where = Location(path, int(found[1]), int(found[2])) if found else Location(path)
        raise ConfigError(f"not TOML: {_AT.sub('', message)}", location=where) from None
    except (RecursionError, ValueError):  # ValueError: a number of more digits than Python reads
        raise ConfigError("not TOML that Python can read", location=Location(path)) from None
    places = _places(text.splitlines(), path)
    return Document(value=value, keys=places, values={(): Location(path, 1, 1), **places})


def _places(lines: list[str], path: str) -> dict[Path, Location]:
    """The places of tables and of keys that stand at the beginning of a line: most, and no wrong one."""
    places: dict[Path, Location] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    inside = False
    for number, line in enumerate(lines, 1):
        within, inside = inside, inside ^ bool(len(_LONG.findall(line)) % 2)
        if within:
            continue
        where = Location(path, number, len(line) - len(line.lstrip()) + 1)
        if header := _HEADER.fullmatch(line):
            table = tuple(part.strip() for part in header[2].split("."))
            if header[1] == "[[":
                places.setdefault(table, where)
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            elif table[:-1] in counts:  # a table of the last entry: [tool.pgaudit.audits.model_args]
                table = (*table[:-1], counts[table[:-1]], table[-1])
            places.setdefault(table, where)
        elif key := _KEY.match(line):
            places.setdefault((*table, key[1]), where)
    return places
