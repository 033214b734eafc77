"""OpenMMLab's ``custom_keys``: in which order they win, what of a name they match, and how to write them otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgaudit.constructors.evaluation import Decided, Spans
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.setting import Provenance


def in_order(keys: Iterable[str]) -> list[str]:
    """Returns custom keys as they are tried: the longest wins; among equally long ones the first in the alphabet."""
    return sorted(sorted(keys), key=len, reverse=True)


def why_first(winner: Provenance, loser: Provenance) -> str:
    """Says why one custom key beats another."""
    if len(winner.key or "") != len(loser.key or ""):
        return "the longer key wins"
    return "of equally long keys the first in the alphabet wins"


def key_rule(
    config: Config, key: str, gives: Mapping[Decided, Gives], states: frozenset[str], also: frozenset[str] = frozenset()
) -> Rule:
    """Returns a custom key as a rule: it matches where it stands in the text.

    Args:
        config: which has it.
        key: the key.
        gives: what it gives, by hyperparameter.
        states: which of lr and weight decay it names itself.
        also: what else it decides.
    """
    at = ("paramwise_cfg", "custom_keys", key)
    return Rule(
        Provenance("custom_keys", key, config.location(*at)),
        lambda _, text: key in text,
        lambda _, text: "stands in the name" if key in text else "not in the name",
        gives,
        also,
        at,
        states,
        partial(_spans, key),
    )


def _spans(key: str, text: str) -> Spans:
    """Where a key stands in a text; an empty key stands everywhere, and so nowhere in particular."""
    found = []
    at = text.find(key) if key else -1
    while at >= 0:
        found.append((at, at + len(key)))
        at = text.find(key, at + 1)
    return tuple(found)


def renamed(config: Config, rule: Provenance, to: str) -> Config | None:
    """Returns the config with a custom key written otherwise; None for any other rule."""
    if rule.option != "custom_keys":
        return None
    return _with(config, {to if key == rule.key else key: settings for key, settings in _keys(config).items()})


def exempting(config: Config, part: str) -> tuple[str, Config] | None:
    """Returns a custom key without weight decay, and the config with it; None where there is one of that name."""
    keys = _keys(config)
    return None if part in keys else (part, _with(config, {**keys, part: {"decay_mult": 0.0}}))


def _keys(config: Config) -> Mapping[str, Any]:
    keys: Mapping[str, Any] = (config.paramwise_cfg or {}).get("custom_keys", {})
    return keys


def _with(config: Config, keys: Mapping[str, Any]) -> Config:
    return replace(config, paramwise_cfg={**(config.paramwise_cfg or {}), "custom_keys": keys})
