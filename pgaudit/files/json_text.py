"""JSON text → plain values; every way in which it can be damaged is one error with its place."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.reading import merge_mark
from pgaudit.files.yaml_errors import undecodable
from pgaudit.text import one_line


def read_json(data: bytes, path: str, hint: str) -> Any:
    """Reads strict JSON.

    Args:
        data: the file's bytes.
        path: its name, for messages.
        hint: how to make such a file anew, for one that is cut or holds a merge conflict.

    Raises:
        ConfigError: it is none, with the place of the error.
    """
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise undecodable(data, error, path) from None
    except json.JSONDecodeError as error:
        if (line := merge_mark(error.doc.splitlines())) is not None:
            raise ConfigError("the marks of a merge conflict", hint, Location(path, line, 1)) from None
        cut = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        message = "the file ends in the middle of the JSON" if cut else f"not JSON: {one_line(error.msg)}"
        where = Location(path, error.lineno, error.colno)
        raise ConfigError(message, hint if cut else None, where) from None
    except ValueError as error:  # a number that is none, or of more digits than Python reads
        raise ConfigError(f"not JSON: {one_line(error)}", location=Location(path)) from None
    except RecursionError:
        raise ConfigError("the JSON is nested too deeply", location=Location(path)) from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
