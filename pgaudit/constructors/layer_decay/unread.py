"""What mmpretrain's layer decay does not read, or reads without effect."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.constructors.base import OptimizerDefaults, Unread
from pgaudit.constructors.known_options import FOREIGN_OPTIONS, SISTERS_BY_KEY
from pgaudit.constructors.layer_decay.options import OPTIONS, RATE
from pgaudit.core.config import Config
from pgaudit.text import quoted, visible

READ = frozenset({"custom_keys", RATE, *(option.name for option in OPTIONS)})
"""The options of ``paramwise_cfg`` that are read."""

READ_BY_KEY = frozenset({"decay_mult", "weight_decay"})
"""The settings of one custom key that say something about the group's own values."""

_OVERWRITTEN = frozenset({"lr", "lr_scale", "layer_id", "param_name"})
"""What the constructor writes itself, after it has copied a custom key's settings."""

_INERT = {**SISTERS_BY_KEY, "lr_mult": "OpenMMLab's other constructors"}

_LAYER = "the layer alone decides the lr: remove it"
_DEPTH = "the model's own get_layer_depth says its layers: remove it"
_INSTEAD = {
    "bias_lr_mult": _LAYER,
    "dcn_offset_lr_mult": _LAYER,
    "bypass_duplicate": "a parameter with two names cannot be had under layer decay: untie it",
    "layer_decay": f"it is called {RATE} here",
    "decay_rate": f"it is called {RATE} here",
    "num_layers": _DEPTH,
    "decay_type": _DEPTH,
}
"""What to do about a sister's option, where a custom key cannot say the same."""


def unread(config: Config, defaults: OptimizerDefaults, kind: str) -> Iterator[Unread]:
    """Yields each option that changes nothing. All of a custom key is copied into the group, where the optimizer's
    class, of that name, may look for it.
    """
    options = config.paramwise_cfg or {}
    for option in options:
        if option not in READ:
            yield Unread(("paramwise_cfg", option), READ, FOREIGN_OPTIONS, hint=_INSTEAD.get(option))
    for key, settings in options.get("custom_keys", {}).items():
        for setting in settings:
            at = ("paramwise_cfg", "custom_keys", key, setting)
            if setting in _OVERWRITTEN:
                why = "has no effect: the constructor writes its own over it"
                yield Unread(at, READ_BY_KEY, _INERT, why, _LAYER if setting == "lr" else "remove it")
            elif setting == "lr_mult":
                why = "has no effect: it is copied into the group, and the lr stays"
                yield Unread(at, READ_BY_KEY, _INERT, why, _LAYER)
            elif setting == "decay_mult" and "weight_decay" in settings:
                why = f"has no effect: {quoted('weight_decay')} takes its place"
                yield Unread(at, frozenset(), why=why, hint="keep one of them")
            elif setting not in READ_BY_KEY and setting not in defaults.looked_for:
                name = visible(kind.rpartition(":")[2])
                why = f"is copied into the group, where neither mmengine nor {name} looks for it"
                yield Unread(at, frozenset({*defaults.filled_in, *READ_BY_KEY}), why=why)
