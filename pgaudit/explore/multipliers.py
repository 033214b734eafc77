"""The numbers of a policy: the optimizer's own lr and weight decay, and those by which rules change them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import itemgetter
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Location, Path
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted, visible

Number = int | float
_OWN = ("lr", "weight_decay")
_CONDITIONS = ("match",)
"""What says which parameters are meant, and not what they get."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Multiplier:
    """One number of a policy."""

    path: Path
    """Where it stands, as ``--set`` names it."""
    label: str
    value: Number
    location: Location | None
    """None for what no file says."""


def multipliers(config: Config) -> list[Multiplier]:
    """Returns the numbers of a config, in its order."""
    found = []
    for section in ("optimizer", "solver", "paramwise_cfg"):
        at = config.sections.get(section, (section,))
        for below, value, holder in _numbers(getattr(config, section)):
            if section != "optimizer" or below[0] in _OWN:
                path = (*at, *below)
                where = config.values.get(path) or config.keys.get(path)
                found.append(Multiplier(path, _label(below, holder), value, where))
    return found


def _numbers(value: Any, at: Path = (), holder: Any = None) -> Iterator[tuple[Path, Number, Any]]:
    """Yields each number below a value, with what holds it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _CONDITIONS and isinstance(key, str):
                yield from _numbers(inner, (*at, key), value)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _numbers(inner, (*at, index), value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield at, value, holder


def _label(below: Path, holder: Any) -> str:
    """``"fc" lr_mult``, or ``norm_decay_mult``, or ``lr_mults "head.*"``, or ``rules.3.lr_mult``."""
    if below[0] == "custom_keys" and len(below) == 3:
        return f"{quoted(below[1])} {visible(below[2])}"
    pattern = next((each for each in holder if isinstance(each, str)), None) if isinstance(holder, list) else None
    if pattern is not None:
        return f"{visible(below[0])} {quoted(pattern)}"
    return visible(".".join(map(str, below)))


def deciding(config: Config, rule: Provenance | None) -> int | None:
    """Returns which of a config's numbers a rule has, the first of them; None where it has none, as a schedule's."""
    if rule is None or rule.location is None:
        return None
    for index, each in enumerate(multipliers(config)):
        around = (each.path[:length] for length in range(1, len(each.path) + 1))
        if any(rule.location in (config.keys.get(at), config.values.get(at)) for at in around):
            return index
    return None


def number_of(config: Config, setting: Setting) -> int | None:
    """Returns which of a config's numbers decided a parameter, rather one that changes its values than a base value;
    None where none did.
    """
    rules = [rule for rule in (setting.lr_rule, setting.weight_decay_rule) if rule is not None]
    found = [(rule.is_base, at) for rule in rules if (at := deciding(config, rule)) is not None]
    return min(found, key=itemgetter(0))[1] if found else None


def number_in(text: str) -> Number:
    """Returns the number that somebody has typed.

    Raises:
        UsageError: it is none.
    """
    word = text.strip()
    value = float(word) if _NUMBER.fullmatch(word) else float("nan")
    if not isfinite(value):
        raise UsageError(f"{quoted(word)} is no number", "0.1, or 1e-4")
    return int(word) if re.fullmatch(r"[-+]?\d{1,15}", word) else value


def key_words(path: Path) -> str:
    """Returns a path as ``--set`` names it: what has a dot is between quotes."""
    keys = map(str, path)
    return ".".join(repr(key) if "." in key else key for key in keys)


def setting_words(path: Path, value: Any) -> str:
    """Returns ``KEY=VALUE`` as ``--set`` takes it."""
    return f"{key_words(path)}={spelled(value)}"


def spelled(value: Any) -> str:
    """Returns a value as every reader of YAML and of JSON reads it: PyYAML takes ``1e-05`` for a text."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return json.dumps(value, ensure_ascii=False)
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(power):+d}" if exponent else text
