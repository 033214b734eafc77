"""The constructors that a config can name: the built-in ones, then those of plug-ins. Each is loaded when it is asked
for: a run needs one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from importlib import import_module

from pgaudit.constructors.base import Constructor
from pgaudit.constructors.plugins import plugged, plugged_names
from pgaudit.core.findings import Hint, meant
from pgaudit.text import quoted

_HOMES = {
    "torch": "torch:Torch",
    "mmcv": "mmcv:Mmcv",
    "mmengine": "mmengine:Mmengine",
    "mmpretrain_layer_decay": "layer_decay.mmpretrain:MmpretrainLayerDecay",
    "mmdet_layer_decay": "layer_decay.mmdet:MmdetLayerDecay",
    "mmseg_layer_decay": "layer_decay.mmseg:MmsegLayerDecay",
    "mmseg_old_layer_decay": "layer_decay.mmseg:MmsegOldLayerDecay",
    "mmpose_layer_decay": "layer_decay.mmpose:MmposeLayerDecay",
    "mmseg_force_default": "mmseg_force_default:MmsegForceDefault",
    "timm": "timm:Timm",
    "detectron2": "detectron2:Detectron2",
    "transformers": "transformers:Transformers",
    "basecls": "basecls:BaseCls",
    "regex": "regex:Regex",
    "rtdetr": "rtdetr:RtDetr",
    "rules": "native:Native",
}
"""The module below this package, and the class in it, of each name."""

_CLASS, _LIKE_A_CLASS = "Constructor", 0.95
"""How libraries' classes end, so that any two are alike; only more than that is a typo."""


class _Loaded(MutableMapping[str, Constructor]):
    """Constructors by name."""

    def __init__(self) -> None:
        self._made: dict[str, Constructor | None] = dict.fromkeys(_HOMES)

    def __getitem__(self, name: str) -> Constructor:
        made = self._made[name]
        if made is None:
            module, _, attribute = _HOMES[name].partition(":")
            made = self._made[name] = getattr(import_module(f"pgaudit.constructors.{module}"), attribute)()
        return made

    def __setitem__(self, name: str, constructor: Constructor) -> None:
        self._made[name] = constructor

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made  # without loading it, as the inherited test would

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


CONSTRUCTORS: MutableMapping[str, Constructor] = _Loaded()
"""The built-in ones."""


def constructor_named(name: str) -> Constructor:
    """Returns a constructor by the name that a Config has: it was found once."""
    found = find_constructor(name)
    assert found is not None
    return found


def find_constructor(name: object) -> Constructor | None:
    """Returns a constructor by its name or one of its aliases; None if there is none.

    Raises:
        UsageError: a plug-in of that name cannot be loaded.
    """
    if not isinstance(name, str):
        return None
    if name in CONSTRUCTORS:
        return CONSTRUCTORS[name]
    found: Constructor | None = _by_alias().get(name) or plugged(name)
    return found


def scoped(name: object, scope: object) -> object:
    """Returns a constructor's name as mmengine's registries look it up: in the default scope first, if it is there."""
    inside = f"{scope}.{name}"
    return inside if isinstance(name, str) and isinstance(scope, str) and inside in _by_alias() else name


def constructor_names() -> list[str]:
    """Returns what ``constructor:`` can say: the built-in ones, then those of plug-ins."""
    return [*CONSTRUCTORS, *(name for name in plugged_names() if name not in CONSTRUCTORS)]


def unknown_constructor(name: str) -> tuple[str, Hint]:
    """Returns what to say of a name that is none, and a hint."""
    known, by_alias = constructor_names(), _by_alias()
    several = [constructor.name for alias, constructor in by_alias.items() if alias.rpartition(".")[2] == name]
    if several:
        return f"{len(several)} libraries have a constructor {quoted(name)}", f"name one: {' or '.join(several)}"
    nicknamed = [each.name for each in CONSTRUCTORS.values() if name.lower() in each.nicknames]
    if nicknamed:
        return f"unknown constructor {quoted(name)}", f"did you mean {' or '.join(map(quoted, nicknamed))}?"
    hint = meant(name, [*known, *by_alias], cutoff=_LIKE_A_CLASS if name.endswith(_CLASS) else 0.6)
    return f"unknown constructor {quoted(name)}", hint or f"known: {', '.join(known)}"


@cache
def option_names() -> frozenset[str]:
    """Returns what any built-in constructor reads in ``paramwise_cfg``."""
    return frozenset(option for constructor in CONSTRUCTORS.values() for option in options_of(constructor))


def options_of(constructor: Constructor) -> Mapping[str, object]:
    """Returns the options that a constructor reads in ``paramwise_cfg``, with the schema of each."""
    found: Mapping[str, object] = constructor.schemas.get("paramwise_cfg", {}).get("properties", {})
    return found


@cache
def _by_alias() -> Mapping[str, Constructor]:
    return {alias: constructor for constructor in CONSTRUCTORS.values() for alias in constructor.aliases}
