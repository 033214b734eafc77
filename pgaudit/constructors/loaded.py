"""The built-in constructors, each loaded when it is asked for: a run needs one of them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module

from pgaudit.constructors.base import Constructor

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
    "rules": "native:Native",
}
"""The module below this package, and the class in it, of each name."""


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
