"""BaseCls' weight decay policy as written in YAML: a number, or rules ``[value, pattern]`` ending in a bare number.

Source of the semantics: BaseCls 2f206e9, ``basecls/solver/weight_decay.py``, ``_parse_weight_decay_policy`` and
``_get_weight_decay``. A pattern is a regular expression, ``NORM_TYPES``, ``{type: torch.nn.Linear}``, or a list of such
types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.location import Path
from pgaudit.expressions import Expression, SlowToCompile
from pgaudit.files.validation import Invalid

NORM_TYPES = "NORM_TYPES"
_ASSERTION = "BaseCls would raise AssertionError"


@dataclass(frozen=True)
class PolicyRule:
    """One ``[value, pattern]``."""

    value: float
    """Negative means: the default."""
    regex: Expression | None
    types: tuple[str | type, ...]
    """Class references, classes (in a config from Python) or :data:`NORM_TYPES`; empty where ``regex`` decides."""
    label: str


@dataclass(frozen=True)
class Policy:
    """A whole policy; rules are tried in order."""

    rules: tuple[PolicyRule, ...]
    default: float


def read_policy(value: Any) -> tuple[Policy | None, list[Invalid]]:
    """Reads a policy; returns it, or None and what is wrong with it."""
    if _is_number(value):
        value = [value]
    if value is None:
        message = "a weight decay policy is missing here; BaseCls would raise TypeError"
        return None, [Invalid((), message, "weight_decay: 1.0e-4")]
    if not isinstance(value, (list, tuple)):
        message = f"a weight decay policy is a number or a list; {_ASSERTION}"
        return None, [Invalid((), message, "weight_decay: [[0, bias], 1.0e-4]")]
    if not value:
        message = "the weight decay policy is empty; BaseCls would raise IndexError"
        return None, [Invalid((), message, "end it in a number")]
    errors: list[Invalid] = []
    rules = [_rule(item, (index,), errors) for index, item in enumerate(value[:-1])]
    default, last = value[-1], (len(value) - 1,)
    if not _is_number(default):
        message = f"a policy ends in a bare number, the default; {_ASSERTION}"
        errors.append(Invalid(last, message, "for example - 1.0e-4"))
    elif not 0 <= default < float("inf"):
        message = f"the default weight decay is {default}; {_ASSERTION}: it should be non-negative"
        errors.append(Invalid(last, message))
    if errors:
        return None, errors
    return Policy(tuple(rule for rule in rules if rule), default), []


def _rule(item: Any, at: Path, errors: list[Invalid]) -> PolicyRule | None:
    if not isinstance(item, (list, tuple)) or len(item) != 2:
        what = "a bare number may stand only at the end" if _is_number(item) else "a rule is [value, pattern]"
        errors.append(Invalid(at, f"{what}; {_ASSERTION}", "for example - [0, bias]"))
        return None
    value, pattern = item
    if not _is_number(value):
        errors.append(Invalid((*at, 0), f"a rule begins with a number; {_ASSERTION}"))
        return None
    if value != value or value == float("inf"):
        errors.append(Invalid((*at, 0), f"{value} is no weight decay"))
        return None
    return _with_pattern(value, pattern, (*at, 1), errors)


def _with_pattern(value: float, pattern: Any, at: Path, errors: list[Invalid]) -> PolicyRule | None:
    if isinstance(pattern, str) and pattern != NORM_TYPES:
        try:
            return PolicyRule(value, Expression(pattern, ("solver", "weight_decay", *at)), (), pattern)
        except ValueError as error:
            raises = "" if isinstance(error, SlowToCompile) else "; BaseCls would raise re.error"
            errors.append(Invalid(at, f"not a regular expression: {error}{raises}"))
            return None
    types = _types(pattern)
    if not types:
        hint = "a regular expression, NORM_TYPES, {type: torch.nn.Linear} or a list of such types"
        errors.append(Invalid(at, f"not a pattern; {_ASSERTION}", hint))
        return None
    return PolicyRule(value, None, types, ", ".join(t.__name__ if isinstance(t, type) else t for t in types))


def _types(pattern: Any) -> tuple[str | type, ...]:
    items: Sequence[Any] = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    types = [_type(item) for item in items]
    return tuple(kind for kind in types if kind) if all(types) else ()


def _type(item: Any) -> str | type | None:
    if isinstance(item, type) or item == NORM_TYPES:
        return item  # type: ignore[no-any-return]
    if isinstance(item, dict) and set(item) == {"type"} and isinstance(item["type"], str):
        return item["type"]
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))  # True is a number to BaseCls, too
