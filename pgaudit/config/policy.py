"""BaseCls' weight decay policy as written in YAML: a number, or rules ``[value, pattern]`` ending in a bare number.

Source of the semantics: BaseCls 2f206e9, ``basecls/solver/weight_decay.py``, ``_parse_weight_decay_policy`` and
``_get_weight_decay``. A pattern is a regular expression, ``NORM_TYPES``, ``{type: torch.nn.Linear}``, or a list of such
types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.config.layouts import Path
from pgaudit.expressions import Expression, SlowToCompile

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


@dataclass(frozen=True)
class Fault:
    """What is wrong with a policy: where below the policy, what, and a hint."""

    at: Path
    message: str
    hint: str | None = None


def read_policy(value: Any) -> tuple[Policy | None, list[Fault]]:
    """Reads a policy; returns it, or None and all faults."""
    if _is_number(value):
        value = [value]
    if value is None:
        return None, [
            Fault((), "a weight decay policy is missing here; BaseCls would raise TypeError", "weight_decay: 1.0e-4")
        ]
    if not isinstance(value, (list, tuple)):
        return None, [
            Fault((), f"a weight decay policy is a number or a list; {_ASSERTION}", "weight_decay: [[0, bias], 1.0e-4]")
        ]
    if not value:
        return None, [
            Fault((), "the weight decay policy is empty; BaseCls would raise IndexError", "end it in a number")
        ]
    faults: list[Fault] = []
    rules = [_rule(item, (index,), faults) for index, item in enumerate(value[:-1])]
    default = value[-1]
    if not _is_number(default):
        faults.append(
            Fault(
                (len(value) - 1,), f"a policy ends in a bare number, the default; {_ASSERTION}", "for example - 1.0e-4"
            )
        )
    elif not 0 <= default < float("inf"):
        faults.append(
            Fault((len(value) - 1,), f"the default weight decay is {default}; {_ASSERTION}: it should be non-negative")
        )
    if faults:
        return None, faults
    return Policy(tuple(rule for rule in rules if rule), default), []


def _rule(item: Any, at: Path, faults: list[Fault]) -> PolicyRule | None:
    if not isinstance(item, (list, tuple)) or len(item) != 2:
        what = "a bare number may stand only at the end" if _is_number(item) else "a rule is [value, pattern]"
        faults.append(Fault(at, f"{what}; {_ASSERTION}", "for example - [0, bias]"))
        return None
    value, pattern = item
    if not _is_number(value):
        faults.append(Fault((*at, 0), f"a rule begins with a number; {_ASSERTION}"))
        return None
    if value != value or value == float("inf"):
        faults.append(Fault((*at, 0), f"{value} is no weight decay"))
        return None
    return _with_pattern(value, pattern, (*at, 1), faults)


def _with_pattern(value: float, pattern: Any, at: Path, faults: list[Fault]) -> PolicyRule | None:
    if isinstance(pattern, str) and pattern != NORM_TYPES:
        try:
            return PolicyRule(value, Expression(pattern, ("solver", "weight_decay", *at)), (), pattern)
        except ValueError as error:
            raises = "" if isinstance(error, SlowToCompile) else "; BaseCls would raise re.error"
            faults.append(Fault(at, f"not a regular expression: {error}{raises}"))
            return None
    types = _types(pattern)
    if not types:
        hint = "a regular expression, NORM_TYPES, {type: torch.nn.Linear} or a list of such types"
        faults.append(Fault(at, f"not a pattern; {_ASSERTION}", hint))
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
