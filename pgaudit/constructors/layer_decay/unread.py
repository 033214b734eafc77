"""What mmpretrain's layer decay does not read, or reads without effect."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.config import Config
from pgaudit.constructors.base import Facts, Unread
from pgaudit.constructors.layer_decay.options import OPTIONS, RATE
from pgaudit.constructors.sisters import SISTERS, SISTERS_BY_KEY
from pgaudit.text import visible

READ = frozenset({"custom_keys", RATE, *OPTIONS})
"""The options of ``paramwise_cfg`` that are read."""

READ_BY_KEY = frozenset({"decay_mult", "weight_decay"})
"""The settings of one custom key that say something about the group's own values."""

_OVERWRITTEN = frozenset({"lr", "lr_scale", "layer_id", "param_name"})
"""What the constructor writes itself, after it has copied a custom key's settings."""

_INERT = {**SISTERS_BY_KEY, "lr_mult": "OpenMMLab's other constructors"}


def unread(config: Config, facts: Facts, kind: str) -> Iterator[Unread]:
    """Yields each option that changes nothing. All of a custom key is copied into the group, where the optimizer's
    class, of that name, may look for it.
    """
    options = config.paramwise_cfg or {}
    for option in options:
        if option not in READ:
            hint = None if option in ("layer_decay", "decay_rate") else _instead(option)
            yield Unread(("paramwise_cfg", option), READ, SISTERS, hint=hint)
    for key, settings in options.get("custom_keys", {}).items():
        for setting in settings:
            at = ("paramwise_cfg", "custom_keys", key, setting)
            if setting in _OVERWRITTEN:
                why = "has no effect: the constructor writes its own over it"
                yield Unread(at, READ_BY_KEY, _INERT, why, _LAYER if setting == "lr" else "remove it")
            elif setting == "lr_mult":
                yield Unread(at, READ_BY_KEY, _INERT, "has no effect: it is copied into the group, and the lr stays", _LAYER)
            elif setting not in READ_BY_KEY and setting not in facts.looked_for:
                name = visible(kind.rpartition(":")[2])
                why = f"is copied into the group, where neither mmengine nor {name} looks for it"
                yield Unread(at, frozenset({*facts.filled_in, *READ_BY_KEY}), why=why)


_LAYER = "the layer alone decides the lr: remove it"


def _instead(option: str) -> str | None:
    """What to do about a sister's option, where a custom key cannot say the same."""
    if option in ("bias_lr_mult", "dcn_offset_lr_mult"):
        return _LAYER
    if option == "bypass_duplicate":
        return "a parameter with two names cannot be had under layer decay: untie it"
    return None
