"""How big_vision's ordered patterns are written under ``paramwise_cfg``, and where big_vision would fail on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.expressions import Expression
from pgaudit.files.validation import Invalid, described
from pgaudit.text import quoted

_UNPACKS = "big_vision would raise ValueError, for it unpacks"
_DEFAULT = '".*/kernel$"'
_EXAMPLES = {
    "schedule": '[["head\\\\..*", {}], [".*", null]]',
    "lr_mults": '[["head\\\\..*", 10.0]]',
    "wd_mults": '[[".*weight", 1.0]]',
}


def errors(layout: Layout) -> list[Invalid]:
    """Returns what is wrong with the lists, and with an optimizer whose decay nobody gets."""
    at = layout.sections["paramwise_cfg"]
    given = {} if layout.paramwise_cfg is None else layout.paramwise_cfg
    if not isinstance(given, Mapping):
        hint = "schedule, lr_mults and wd_mults stand in it"
        return [Invalid(at, f"expected a mapping, got {described(given)}", hint)]
    optimizer = layout.optimizer if isinstance(layout.optimizer, Mapping) else {}
    found: list[Invalid] = []
    if optimizer and optimizer.get("lr") is None:
        at_optimizer = layout.sections["optimizer"]
        found.append(Invalid(at_optimizer, "there is no lr, and big_vision has none of its own", "lr: 1.0e-3"))
    decays = bool(optimizer.get("weight_decay"))
    found += pattern_errors(given, at, decays=decays)
    if decays and given.get("wd_mults") is None:
        found.append(Invalid((*layout.sections["optimizer"], "weight_decay"), *no_decay_patterns()))
    return found


def no_decay_patterns() -> tuple[str, str]:
    """Returns what to say of a weight decay without patterns for it, and a hint."""
    message = f"nothing says which parameters decay; big_vision's own default, {_DEFAULT}, fits no name in torch"
    return message, f"write it out: wd_mults: {_EXAMPLES['wd_mults']}"


def pattern_errors(given: Mapping[str, Any], at: Path, *, decays: bool) -> list[Invalid]:
    """Returns what is wrong with the lists of patterns; to those for a weight decay that there is not, big_vision pays
    no attention, so that they need only be lists of patterns.
    """
    found: list[Invalid] = []
    for option in ("schedule", "lr_mults", "wd_mults"):
        value, below = given.get(option), (*at, option)
        if value is None and option != "schedule":
            continue
        if option == "schedule":
            found += _of_schedule(value, below) if option in given else ()
        elif isinstance(value, (list, tuple)):
            found += _of_list(option, value, below, strictly=decays or option != "wd_mults")
        else:
            found.append(Invalid(below, "expected a list of [pattern, number]", f"{option}: {_EXAMPLES[option]}"))
    return found


def _of_schedule(value: Any, at: Path) -> Iterator[Invalid]:
    if isinstance(value, (list, tuple)):
        yield from _of_list("schedule", value, at, strictly=True)
    if value is None or (isinstance(value, (list, tuple)) and value and all(_value(item) is None for item in value)):
        yield Invalid(at, f"this freezes every parameter; {_UNPACKS} the others", f"schedule: {_EXAMPLES['schedule']}")


def _value(item: Any) -> Any:
    return item[1] if isinstance(item, (list, tuple)) and len(item) == 2 else item


def _of_list(option: str, value: list[Any] | tuple[Any, ...], at: Path, *, strictly: bool) -> Iterator[Invalid]:
    if not value and strictly and option != "lr_mults":  # to big_vision, an empty list of lr_mults is none at all
        hint = "leave it out" if option == "schedule" else "without weight decay, weight_decay is 0"
        yield Invalid(at, f"the list is empty; {_UNPACKS} it", hint)
    for index, item in enumerate(value):
        below = (*at, index)
        if not (isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str)):
            yield Invalid(below, "an entry is a pattern and its value", f"for example {option}: {_EXAMPLES[option]}")
            continue
        pattern, mult = item
        if pattern.startswith("/") and strictly:
            message = "names never begin with a slash; big_vision would raise AssertionError"
            yield Invalid((*below, 0), message, f"{quoted(pattern.lstrip('/').replace('/', '.'))} in torch's words")
        elif isinstance(compiled(pattern), str):
            yield Invalid((*below, 0), f"not a regular expression: {compiled(pattern)}")
        if option != "schedule":
            yield from _of_number(option, mult, (*below, 1))


def _of_number(option: str, mult: Any, at: Path) -> Iterator[Invalid]:
    if isinstance(mult, bool) or not isinstance(mult, (int, float)):
        yield Invalid(at, f"expected a number, got {described(mult)}")
    elif not math.isfinite(mult):
        yield Invalid(at, f"{mult} is no multiplier")
    elif option == "lr_mults" and mult <= 0:
        message = f"{mult} is not above 0; big_vision would raise AssertionError"
        yield Invalid(at, message, "what shall not train has null in `schedule`")


def compiled(pattern: str, at: Path = ()) -> Expression | str:
    """Returns a pattern, or what is wrong with it."""
    try:
        return Expression(pattern, at)
    except ValueError as error:
        return str(error)
