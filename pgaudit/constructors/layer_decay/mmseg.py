"""mmseg's LearningRateDecayOptimizerConstructor, and its deprecated LayerDecayOptimizerConstructor.

Source of the semantics: mmsegmentation 1.2.2, ``mmseg/engine/optimizers/layer_decay_optimizer_constructor.py``. The
first does what mmdet's does, and knows BEiT and MAE beside ConvNeXt. The second is the first with one ``decay_type``
and another word for the rate; it changes the options that it is given, so that a second call with the same dict raises
KeyError, which is not shown here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pgaudit.config import Config
from pgaudit.config.grammars.layer_decay import MMSEG_LAYER_DECAY, MMSEG_OLD_LAYER_DECAY
from pgaudit.constructors.layer_decay.named import RATE_IS, NamedLayerDecay


class MmsegLayerDecay(NamedLayerDecay):
    """The lr by the layers of a ConvNeXt, BEiT or MAE, no weight decay for vectors and biases."""

    grammar = MMSEG_LAYER_DECAY
    library = "mmsegmentation 1.2.2"
    call = "mmseg's LearningRateDecayOptimizerConstructor.add_params"
    transformers = ("BEiT", "MAE")


class MmsegOldLayerDecay(MmsegLayerDecay):
    """The same, always by layers, whatever ``decay_type`` says."""

    grammar = MMSEG_OLD_LAYER_DECAY
    rate = "layer_decay_rate"
    options: Mapping[str, str] = {
        "num_layers": NamedLayerDecay.options["num_layers"],
        "layer_decay_rate": RATE_IS,
    }

    def decay_type(self, config: Config) -> str:
        """See :class:`NamedLayerDecay`."""
        return "layer_wise_vit"
