"""OpenMMLab's ``custom_keys``, written otherwise: for what checks want to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgaudit.config import Config
from pgaudit.core.setting import Provenance


def renamed(config: Config, rule: Provenance, to: str) -> Config:
    """Returns the config with a custom key written otherwise."""
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
