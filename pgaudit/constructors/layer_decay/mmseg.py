"""mmseg's LearningRateDecayOptimizerConstructor, and its deprecated LayerDecayOptimizerConstructor.

Source of the semantics: mmsegmentation 1.2.2, ``mmseg/engine/optimizers/layer_decay_optimizer_constructor.py``. The
first does what mmdet's does, and knows BEiT and MAE beside ConvNeXt. The second is the first with one ``decay_type``
and another word for the rate; it changes the options that it is given, so that a second call with the same dict raises
KeyError, which is not shown here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgaudit.constructors.layer_decay.named import COUNTED, RATE_IS, SHARED, NamedLayerDecay
from pgaudit.constructors.profile import Profile
from pgaudit.core.config import Config
from pgaudit.files.schemas import Schema


class MmsegLayerDecay(NamedLayerDecay):
    """The lr by the layers of a ConvNeXt, BEiT or MAE, no weight decay for vectors and biases."""

    name = "mmseg_layer_decay"
    title = "mmseg LearningRateDecayOptimizerConstructor"
    aliases: Sequence[str] = ("mmseg.LearningRateDecayOptimizerConstructor",)
    nicknames: Sequence[str] = ("mmseg", "mmsegmentation")
    profile: Profile | None = replace(
        SHARED, names="layers by the names below `backbone.`, a ConvNeXt, BEiT or MAE by its class's name"
    )
    library = "mmsegmentation 1.2.2"
    call = "mmseg's LearningRateDecayOptimizerConstructor.add_params"
    transformers = ("BEiT", "MAE")


class MmsegOldLayerDecay(MmsegLayerDecay):
    """The same, always by layers, whatever ``decay_type`` says."""

    name = "mmseg_old_layer_decay"
    title = "mmseg LayerDecayOptimizerConstructor, deprecated"
    aliases = ("LayerDecayOptimizerConstructor", "mmseg.LayerDecayOptimizerConstructor")
    nicknames = ()
    schemas: Mapping[str, Schema] = COUNTED
    builder = "mmseg's LayerDecayOptimizerConstructor"
    asks = "update"
    needs_rate = True
    example: Mapping[str, Any] | None = {"paramwise_cfg": {"num_layers": 12, "layer_decay_rate": 0.5}}
    rate = "layer_decay_rate"
    options: Mapping[str, str] = {
        "num_layers": NamedLayerDecay.options["num_layers"],
        "layer_decay_rate": RATE_IS,
    }

    def decay_type(self, config: Config) -> str:
        """See :class:`NamedLayerDecay`."""
        return "layer_wise_vit"
