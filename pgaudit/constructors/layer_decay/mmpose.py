"""mmpose's LayerDecayOptimWrapperConstructor.

Source of the semantics: mmpose 1.3.2, ``mmpose/engine/optim_wrappers/layer_decay_optim_wrapper.py``. It knows the names
of a ViT, whatever the backbone's class. Groups are named by whole numbers, so that with a broken ``num_layers`` two
layers may share a group, and then the first one's lr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.layer_decay.named import COUNTED, RATE_IS, SHARED, NamedLayerDecay
from pgaudit.constructors.layer_decay.stages import Layers
from pgaudit.constructors.profile import Profile
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory
from pgaudit.files.schemas import Schema, unless_empty
from pgaudit.text import quoted


class MmposeLayerDecay(NamedLayerDecay):
    """The lr by the layers of a ViT, no weight decay for vectors, biases and position embeddings."""

    name = "mmpose_layer_decay"
    title = "mmpose LayerDecayOptimWrapperConstructor"
    aliases = ("LayerDecayOptimWrapperConstructor", "mmpose.LayerDecayOptimWrapperConstructor")
    schemas: Mapping[str, Schema] = {"paramwise_cfg": unless_empty(COUNTED["paramwise_cfg"])}
    asks = "get"
    profile: Profile | None = replace(
        SHARED,
        names="layers by the names of a ViT below `backbone.`, whatever its class",
        weight_decay="none for 1-d parameters, `.bias` and what is called `pos_embed`, else base; no option changes it",
    )
    example: Mapping[str, Any] | None = {"paramwise_cfg": {"num_layers": 12, "layer_decay_rate": 0.5}}
    library = "mmpose 1.3.2"
    call = "mmpose's LayerDecayOptimWrapperConstructor.add_params"
    rate = "layer_decay_rate"
    options: Mapping[str, str] = {
        "num_layers": NamedLayerDecay.options["num_layers"],
        "layer_decay_rate": RATE_IS,
    }

    def layers(self, inventory: Inventory, config: Config) -> Layers:
        """See :class:`NamedLayerDecay`."""
        return Layers("vit", (config.paramwise_cfg or {})["num_layers"])

    def group_of(self, layer: Any) -> str:
        """See :class:`NamedLayerDecay`."""
        return f"layer_{int(layer)}"

    def spared(self, name: str) -> str | None:
        """See :class:`NamedLayerDecay`."""
        return f"{quoted('pos_embed')} stands in its name" if "pos_embed" in name else None
