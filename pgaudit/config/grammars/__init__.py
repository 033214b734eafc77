"""Which constructors a config can name, and how each one's configs are written."""

from __future__ import annotations

from pgaudit.config.grammars.base import Grammar
from pgaudit.config.grammars.basecls import BASECLS
from pgaudit.config.grammars.detectron2 import DETECTRON2
from pgaudit.config.grammars.layer_decay import LAYER_DECAYS
from pgaudit.config.grammars.openmmlab import MMCV, MMENGINE, MMSEG_FORCE_DEFAULT
from pgaudit.config.grammars.plugins import plugged, plugged_names
from pgaudit.config.grammars.regex import REGEX
from pgaudit.config.grammars.rules import RULES
from pgaudit.config.grammars.timm import TIMM
from pgaudit.config.grammars.torch import TORCH
from pgaudit.config.grammars.transformers import TRANSFORMERS
from pgaudit.text import did_you_mean, quoted

_OPENMMLAB = (MMCV, MMENGINE, *LAYER_DECAYS, MMSEG_FORCE_DEFAULT)
_GRAMMARS = (TORCH, *_OPENMMLAB, TIMM, DETECTRON2, TRANSFORMERS, BASECLS, REGEX, RULES)
BUILT_IN = {grammar.name: grammar for grammar in _GRAMMARS}
_CLASS, _LIKE_A_CLASS = "Constructor", 0.95
"""How libraries' classes end, so that any two are alike; only more than that is a typo."""
_BY_ALIAS = {alias: grammar for grammar in BUILT_IN.values() for alias in grammar.aliases}

_NICKNAMES = {
    **dict.fromkeys("pytorch torch.optim none default".split(), ("torch",)),
    **dict.fromkeys("hf huggingface hugging_face trainer transformer".split(), ("transformers",)),
    **dict.fromkeys("d2 detectron".split(), ("detectron2",)),
    **dict.fromkeys("mmcls mmcv1 mmcv-full".split(), ("mmcv",)),
    "mmpretrain": ("mmengine", "mmpretrain_layer_decay"),
    "mmdet": ("mmengine", "mmdet_layer_decay"),
    **dict.fromkeys("mmseg mmsegmentation".split(), ("mmengine", "mmseg_layer_decay")),
    "openmmlab": ("mmcv", "mmengine"),
    "bigvision": ("regex",),
    "megengine": ("basecls",),
}
"""Names that people have for a constructor, in lower case, and what each may mean."""


def grammar_named(name: object) -> Grammar | None:
    """Returns the grammar of a constructor, by its name or one of its aliases; None if there is none.

    Raises:
        UsageError: a plug-in of that name cannot be loaded.
    """
    if not isinstance(name, str):
        return None
    found = BUILT_IN.get(name) or _BY_ALIAS.get(name)
    if found is None and (plugin := plugged(name)) is not None:
        found = plugin.grammar
    return found


def scoped(name: object, scope: object) -> object:
    """Returns a constructor's name as mmengine's registries look it up: in the default scope first, if it is there."""
    inside = f"{scope}.{name}"
    return inside if isinstance(name, str) and isinstance(scope, str) and inside in _BY_ALIAS else name


def constructor_names() -> list[str]:
    """Returns what ``constructor:`` can say: the built-in ones, then those of plug-ins."""
    return [*BUILT_IN, *(name for name in plugged_names() if name not in BUILT_IN)]


def unknown_constructor(name: str) -> tuple[str, str]:
    """Returns what to say of a name that is none, and a hint."""
    known = constructor_names()
    several = [grammar.name for alias, grammar in _BY_ALIAS.items() if alias.rpartition(".")[2] == name]
    if several:
        return f"{len(several)} libraries have a constructor {quoted(name)}", f"name one: {' or '.join(several)}"
    if nicknamed := _NICKNAMES.get(name.lower()):
        return f"unknown constructor {quoted(name)}", f"did you mean {' or '.join(map(quoted, nicknamed))}?"
    hint = did_you_mean(name, [*known, *_BY_ALIAS], cutoff=_LIKE_A_CLASS if name.endswith(_CLASS) else 0.6)
    return f"unknown constructor {quoted(name)}", hint or f"known: {', '.join(known)}"


__all__ = ["BUILT_IN", "Grammar", "constructor_names", "grammar_named", "scoped", "unknown_constructor"]
