"""Numbers, texts and mappings as a person would write them into a YAML config, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

WIDTH = 100
"""Of a mapping in one line, before it is broken into several."""


def number(value: float) -> str:
    """Returns a number that YAML 1.1 and 1.2, and Python, read back bit for bit: ``1.0e-4``, never ``1e-4``."""
    if isinstance(value, int):
        return str(value)
    plain = repr(value)
    mantissa, e, exponent = plain.partition("e")
    if e:
        sign = "-" if exponent.startswith("-") else "+"
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent.lstrip('+-').lstrip('0') or '0'}"
    if value and abs(value) < 0.001:
        digits = plain.split(".")[1].lstrip("0")
        places = len(plain.split(".")[1]) - len(digits) + 1
        short = f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}e-{places}"
        return short if float(short) == value else plain
    return plain


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


def scalar(value: Any) -> str:
    """Returns a leaf of a config.

    Raises:
        ConfigError: YAML has no words for it.
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ConfigError(f"{value} cannot be written into a config")
        return number(value)
    if isinstance(value, str):
        return text(value)
    raise ConfigError(f"a {type(value).__name__} from Python cannot be written into a config")


def text(value: str) -> str:
    """Returns a text, in quotes where it would be read as anything else without them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{quoted(value)} holds half a character, which no file can") from None
    flow = "[]{},&*!|>%@`\"'#?: "
    plain = value.isascii() and value.isprintable() and not any(char in flow for char in value)
    if plain and not value.startswith(("-", "=", "~", "<")) and yaml.safe_load(value) == value and value != "=":
        return value
    return str(yaml.safe_dump(value, default_style='"', width=math.inf)).strip()


def flow(value: Any) -> str:
    """Returns a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def block(value: Mapping[str, Any], indent: int = 0, comments: Mapping[int, str] | None = None) -> list[str]:
    """Returns a mapping as lines: mappings of mappings, and lists of mappings, one item a line.

    Args:
        value: what to write; an empty mapping or list stands in its line.
        indent: blanks before each line.
        comments: what to write behind an item of a list or a mapping, by the item's id.
    """
    lines, pad = [], " " * indent
    for key, item in value.items():
        if isinstance(item, Mapping) and (_is_deep(item) or len(pad + scalar(key) + flow(item)) > WIDTH):
            lines += [f"{pad}{scalar(key)}:", *block(item, indent + 2, comments)]
        elif isinstance(item, list) and any(isinstance(below, (Mapping, list)) for below in item):
            lines.append(f"{pad}{scalar(key)}:")
            lines += [_commented(f"{pad}  - {flow(below)}", below, comments) for below in item]
        else:
            lines.append(_commented(f"{pad}{scalar(key)}: {flow(item)}", item, comments))
    return lines


def _is_deep(value: Mapping[str, Any]) -> bool:
    return any(
        isinstance(below, Mapping) or (isinstance(below, list) and any(isinstance(x, (Mapping, list)) for x in below))
        for below in value.values()
    )


def _commented(line: str, item: object, comments: Mapping[int, str] | None) -> str:
    comment = (comments or {}).get(id(item))
    return f"{line}  # {comment}" if comment else line
