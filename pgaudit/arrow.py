"""Parameters → an Arrow table, from which every library of data frames takes its own; pyarrow is imported when it is
asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pgaudit.columns import Column
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import UsageError
from pgaudit.text import visible

if TYPE_CHECKING:
    import pyarrow


def arrow_table(columns: Iterable[Column], rows: Sequence[ParamAssignment]) -> pyarrow.Table:
    """Returns a row for each parameter. Words are dictionaries, which data frames call categories; what is not known is
    null. Names stay as they are, so that they are found in the model.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise needs("pyarrow") from None
    types = {
        "text": pyarrow.string(),
        "texts": pyarrow.list_(pyarrow.string()),
        "word": pyarrow.string(),
        "int": pyarrow.int64(),
        "ints": pyarrow.list_(pyarrow.int64()),
        "bool": pyarrow.bool_(),
        "float": pyarrow.float64(),
    }
    arrays = {}
    for column in columns:
        plain = _float if column.kind == "float" else _plain
        array = pyarrow.array([plain(column.value(row)) for row in rows], types[column.kind])
        arrays[column.name] = array.dictionary_encode() if column.kind == "word" else array
    return pyarrow.table(arrays)


def needs(package: str) -> UsageError:
    """Returns what is said where a package is missing that data frames need."""
    installed = "'pgaudit[arrow]'" if package == "pyarrow" else package
    return UsageError(f"a data frame of a report needs {package}, which is not installed", f"pip install {installed}")


def _plain(value: Any) -> Any:
    """A value as Arrow can hold it: text is UTF-8, which has no half of a surrogate pair."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return visible(value)
        return value
    return list(map(_plain, value)) if isinstance(value, tuple) else value


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)  # a config may say 1
