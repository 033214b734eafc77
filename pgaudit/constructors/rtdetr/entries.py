"""How RT-DETR's ``params`` are written, and where ``get_optim_params`` would fail on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.findings import meant
from pgaudit.core.location import Path
from pgaudit.expressions import Expression, SlowToCompile
from pgaudit.files.schemas import NON_NEGATIVE, TEXT, Schema, array, fields, mapping
from pgaudit.files.validation import Invalid

AT = "paramwise_cfg"
PATTERN = "params"
"""The key of the list, and that of the pattern in each entry."""
CALL = "get_optim_params"

SCHEMA: Schema = mapping(
    {PATTERN: array(mapping({PATTERN: TEXT, **fields("lr weight_decay", NON_NEGATIVE)}, needs=[PATTERN]))}
)
"""Of ``paramwise_cfg``: the list, in which every other key of an entry is one of its group's."""


def entries_of(config: Config) -> list[Mapping[str, Any]] | None:
    """Returns the entries; None where there is no list, so that all parameters are one group."""
    found: list[Mapping[str, Any]] | None = (config.paramwise_cfg or {}).get(PATTERN)
    return found


def worded(found: Iterable[Invalid], given: Any, at: Path) -> Iterator[Invalid]:
    """Yields what the schema has against the section, with what the library would raise.

    Args:
        found: what it has against it.
        given: the section.
        at: where it stands.
    """
    for each in found:
        below = each.at[len(at) :]
        if below == (PATTERN,):
            yield each._replace(message=f"{each.message}; {CALL} would raise AssertionError")
        elif len(below) == 3 and each.message.endswith("is missing"):
            yield _without_pattern(each, given[PATTERN][below[1]])
        else:
            yield each


def _without_pattern(missing: Invalid, entry: Mapping[Any, Any]) -> Invalid:
    """An entry that says nothing of which parameters it is about; the word may be misspelt."""
    slips = ((key, meant(str(key), [PATTERN])) for key in entry)
    key, fix = next(((key, fix) for key, fix in slips if fix), (PATTERN, None))
    message = f"{missing.message}, the pattern of the entry; {CALL} would raise KeyError"
    return Invalid((*missing.at[:-1], key), message, fix or "params: '^(?=.*backbone).*$'")


def pattern_errors(given: Any, at: Path) -> Iterator[Invalid]:
    """Yields what is wrong with the patterns that are texts.

    Args:
        given: the section.
        at: where it stands.
    """
    entries = given.get(PATTERN) if isinstance(given, Mapping) else None
    for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
        pattern = entry.get(PATTERN) if isinstance(entry, Mapping) else None
        if not isinstance(pattern, str):
            continue
        try:
            Expression(pattern)
        except ValueError as error:
            raises = "" if isinstance(error, SlowToCompile) else f"; {CALL} would raise re.error"
            yield Invalid((*at, PATTERN, index, PATTERN), f"not a regular expression: {error}{raises}")
