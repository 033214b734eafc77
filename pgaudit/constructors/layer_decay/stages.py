"""The layers of ConvNeXt, BEiT and MAE below ``backbone.``, as mmdet and mmseg tell them from names alone.

Source of the semantics: mmdet 3.3.0 and mmsegmentation 1.2.2, in each
``engine/optimizers/layer_decay_optimizer_constructor.py``. What the functions cannot place, they fail on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.parameters import Hints
from pgaudit.text import format_exception, quoted, visible

_FIRST = ("backbone.cls_token", "backbone.mask_token", "backbone.pos_embed")
_DOWNSAMPLING, _STAGES = "backbone.downsample_layers", "backbone.stages"
_UNBOUND = "UnboundLocalError: 'layer_id' is never set"
_STEP = 3
"""Blocks of the third stage that make one layer."""


class Unplaced(Exception):
    """What the library raises about a name."""


@dataclass(frozen=True)
class Layers:
    """How one model's layers are told."""

    kind: str
    """``blocks`` of ConvNeXt, its ``stages``, or those of a transformer: ``vit``."""
    given: Any
    """The config's ``num_layers``."""

    @property
    def count(self) -> Any:
        """How many layers there are: stem and head are two more."""
        return self.given + 2

    def of(self, name: str) -> Any:
        """Returns a parameter's layer, counted from 0.

        Raises:
            Unplaced: the library fails on the name.
        """
        if name in _FIRST:
            return 0
        if self.kind == "vit":
            return self._of_transformer(name)
        return self._of_stage(name) if self.kind == "stages" else self._of_block(name)

    def _of_block(self, name: str) -> Any:
        if name.startswith(_DOWNSAMPLING):
            return _at({0: 0, 1: 2, 2: 3, 3: self.given}, _number(name, 2))
        if name.startswith(_STAGES):
            stage, block = _number(name, 2), _number(name, 3)
            return _at({0: 1, 1: 2, 2: 3 + block // _STEP, 3: self.given}, stage)
        return self.given + 1

    def _of_stage(self, name: str) -> Any:
        if name.startswith(_DOWNSAMPLING):
            return 0
        return _number(name, 2) + 1 if name.startswith(_STAGES) else self.count - 1

    def _of_transformer(self, name: str) -> Any:
        if name.startswith("backbone.patch_embed"):
            return 0
        return _number(name, 2) + 1 if name.startswith("backbone.layers") else self.count - 1


def _number(name: str, place: int) -> int:
    try:
        return int(name.split(".")[place])
    except (IndexError, ValueError) as error:
        raise Unplaced(format_exception(error)) from error


def _at(layers: Mapping[int, Any], stage: int) -> Any:
    if stage not in layers:
        raise Unplaced(_UNBOUND)
    return layers[stage]


def layers_of(config: Config, hints: Hints, decay_type: str, transformers: tuple[str, ...], call: str) -> Layers:
    """Returns how the layers of a model are told: by the name of its backbone's class.

    Args:
        config: of which ``num_layers`` is read.
        hints: of the model.
        decay_type: the words in it say which way.
        transformers: the parts of names by which the library knows a transformer.
        call: the method that would raise.

    Raises:
        ConfigError: the library knows no such backbone, or no such way.
    """
    at = ("paramwise_cfg", "decay_type")
    by_block = "layer_wise" in decay_type
    if not by_block and decay_type != "stage_wise":
        hint = "known: layer_wise, stage_wise"
        raise config.error(f"decay_type {quoted(decay_type)}: {call} would raise {_UNBOUND}", *at, hint=hint)
    if hints.backbone is None:
        raise config.error(f"the model has no attribute `backbone`; {call} would raise AttributeError", "paramwise_cfg")
    given = (config.paramwise_cfg or {})["num_layers"]
    if "ConvNeXt" in hints.backbone:
        return Layers("blocks" if by_block else "stages", given)
    if by_block and any(word in hints.backbone for word in transformers):
        return Layers("vit", given)
    known = ", ".join(("ConvNeXt", *transformers) if by_block else ("ConvNeXt",))
    raise config.error(
        f"the backbone is a {visible(hints.backbone)}; {call} would raise NotImplementedError",
        *at,
        hint=f"the name of its class has to hold one of: {known}",
    )
