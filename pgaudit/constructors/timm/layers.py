"""The scale of each layer under timm's layer decay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pgaudit.constructors.timm.errors import CALL
from pgaudit.core.config import Config
from pgaudit.core.parameters import Hints

_BY = {
    "group_matcher": "the model's group_matcher() tells the layers",
    "classifier": "every 12 names before the classifier are a layer, as the model has no group_matcher()",
    "": "the model has neither group_matcher() nor pretrained_cfg['classifier'], so everything is its head",
}


@dataclass(frozen=True, slots=True)
class LayerScales:
    """LayerScales and scales, under one config."""

    by_name: Mapping[str, int]
    decay: float
    least: float
    scales: tuple[float, ...]
    """One a layer: ``layer_decay`` to the power of the layers that follow, and at least the least scale."""
    threshold: float | None
    told_by: str
    """What tells the layers, in words."""

    @classmethod
    def of(cls, config: Config, hints: Hints) -> LayerScales | None:
        """Returns the layers, or None where the config has no layer decay.

        Raises:
            ConfigError: the model's ``group_matcher`` raises, or a scale is no finite number.
        """
        options = config.paramwise_cfg or {}
        decay = options.get("layer_decay")
        if decay is None:
            return None
        at = ("paramwise_cfg", "layer_decay")
        if "layers" in hints.raised:
            what = f"{CALL} asks the model for its layers, and would raise {hints.raised['layers']}"
            raise config.error(what, *at, hint="fix the model's group_matcher()")
        last = max(hints.layers.values(), default=0)
        least = options.get("layer_decay_min_scale", 0.0)
        try:
            scales = tuple(max(least, decay ** (last - layer)) for layer in range(last + 1))
            finite = all(math.isfinite(float(scale)) for scale in scales)
        except OverflowError:
            finite = False
        if not finite:
            raise config.error(f"{decay} ** {last}, the scale of the first layer, is too large for a number", *at)
        threshold = options.get("layer_decay_no_opt_scale")
        return cls(hints.layers, decay, least, scales, threshold, _BY[hints.layered_by])

    @property
    def last(self) -> int:
        """The layer of the head, and of every name that the model's matcher does not know."""
        return len(self.scales) - 1

    def of_name(self, name: str) -> int:
        """Returns a parameter's layer."""
        return self.by_name.get(name, self.last)

    def leaves_out(self, layer: int) -> bool:
        """Whether ``layer_decay_no_opt_scale`` leaves a layer out of the optimizer."""
        return bool(self.threshold) and self.scales[layer] < (self.threshold or 0.0)

    def option(self, layer: int) -> str:
        """Returns the option that decides a layer's scale."""
        clamped = self.least > self.decay ** (self.last - layer)
        return "layer_decay_min_scale" if clamped else "layer_decay"
