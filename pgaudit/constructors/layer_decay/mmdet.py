"""mmdet's LearningRateDecayOptimizerConstructor.

Source of the semantics: mmdet 3.3.0, ``mmdet/engine/optimizers/layer_decay_optimizer_constructor.py``. It knows
ConvNeXt alone, and shares its class's name with mmseg's: that name alone says which is meant only beside a
``default_scope``. Without a weight decay the library writes None into groups, at which the first step fails: pgaudit
refuses that before.
"""

from __future__ import annotations

from pgaudit.constructors.layer_decay.named import NamedLayerDecay


class MmdetLayerDecay(NamedLayerDecay):
    """The lr by the layers of a ConvNeXt, no weight decay for vectors and biases."""

    name = "mmdet_layer_decay"
    title = "mmdet LearningRateDecayOptimizerConstructor"
    aliases = ("mmdet.LearningRateDecayOptimizerConstructor",)
    nicknames = ("mmdet",)
    library = "mmdet 3.3.0"
    call = "mmdet's LearningRateDecayOptimizerConstructor.add_params"
