"""Numbers, texts and mappings as a person would write them into a YAML config, bit for bit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import yaml

from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

WIDTH = 100
"""Of a mapping in one line, before it is broken into several."""


def number(value: float) -> str:
    """Returns a number that YAML 1.1 and 1.2, and Python, read back bit for bit: ``1.0e-4``, never ``1e-4``."""
    plain = repr(value)
    if isinstance(value, int) or not ("e" in plain or 0 < abs(value) < 0.001):
        return plain
    mantissa, _, exponent = f"{Decimal(plain):e}".partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"


_NEIGHBOURS = 8
"""Floats on each side of a quotient that are tried: rounding moves it by one or two."""


def multiplier(base: float, value: float) -> float | None:
    """Returns the shortest number by which ``base`` becomes exactly ``value``, bit for bit; None if there is none."""
    if base == value:
        return 1.0
    if value == 0:
        return 0.0
    quotient = value / base if base else 0.0
    if not math.isfinite(quotient) or quotient == 0:
        return None
    near = [float(f"{quotient:.{digits}g}") for digits in range(1, 18)]
    below = above = quotient
    for _ in range(_NEIGHBOURS):
        below, above = math.nextafter(below, 0), math.nextafter(above, math.inf)
        near += below, above
    return next((each for each in near if base * each == value), None)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _of_float(dumper: _Dumper, value: float) -> yaml.Node:
    if not math.isfinite(value):
        raise ConfigError(f"{value} cannot be written into a config")
    return dumper.represent_scalar("tag:yaml.org,2002:float", number(value))


def _of_text(dumper: _Dumper, value: str) -> yaml.Node:
    """In quotes where it would be read as anything else without them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{quoted(value)} holds half a character, which no file can") from None
    plain = re.fullmatch(r"[\w./(;^+$)][\w./(;^+$)\\=<~-]*", value, re.ASCII) and yaml.safe_load(value) == value
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if plain else '"')


def _refuse(dumper: _Dumper, value: object) -> yaml.Node:
    raise ConfigError(f"a {type(value).__name__} from Python cannot be written into a config")


_Dumper.add_representer(float, _of_float)
_Dumper.add_representer(str, _of_text)
_Dumper.add_representer(None, _refuse)  # type: ignore[arg-type]  # what no other one is for


def flow(value: Any) -> str:
    """Returns a value in one line.

    Raises:
        ConfigError: YAML has no words for it.
    """
    return str(yaml.dump([value], Dumper=_Dumper, default_flow_style=True, width=math.inf, sort_keys=False))[1:-2]


def block(value: Mapping[str, Any], indent: int = 0) -> list[str]:
    """Returns a mapping as lines: mappings of mappings, and lists of mappings, one item a line.

    Args:
        value: what to write; an empty mapping or list stands in its line.
        indent: blanks before each line.
    """
    lines = []
    for key, item in value.items():
        name = " " * indent + flow(key)
        if isinstance(item, Mapping) and (_is_deep(item.values()) or len(name + flow(item)) > WIDTH):
            lines += [f"{name}:", *block(item, indent + 2)]
        elif isinstance(item, list) and any(isinstance(below, (Mapping, list)) for below in item):
            lines += [f"{name}:", *(f"{' ' * indent}  - {flow(below)}" for below in item)]
        else:
            lines.append(f"{name}: {flow(item)}")
    return lines


def _is_deep(values: Iterable[Any]) -> bool:
    """Whether mappings, or lists of more than plain values, are among them."""
    return any(
        isinstance(each, Mapping) or (isinstance(each, list) and any(isinstance(x, (Mapping, list)) for x in each))
        for each in values
    )
