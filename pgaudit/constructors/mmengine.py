"""mmengine's DefaultOptimWrapperConstructor.

Source of the semantics: mmengine 0.10.7, ``mmengine/optim/optimizer/default_constructor.py``. The wrapper around the
optimizer (AmpOptimWrapper and the like) leaves the groups as they are, and is not looked at; the group that
``OptimWrapper.param_groups`` adds to those of its optimizer holds no parameter of the model, and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from pgaudit.config import Config
from pgaudit.config.grammars.openmmlab import MMENGINE
from pgaudit.constructors.base import Facts, OptimizerSpec, Unread
from pgaudit.constructors.openmmlab import Dialect, OpenMMLab
from pgaudit.constructors.openmmlab.dialect import Chosen
from pgaudit.constructors.openmmlab.options import (
    BIAS_DECAY,
    BIAS_LR,
    DCN_OFFSET_LR,
    DWCONV_DECAY,
    FLAT_DECAY,
    NORM_DECAY,
    in_deformable,
    is_norm,
)
from pgaudit.inventory import Visit

OPTIONS = (BIAS_LR, DCN_OFFSET_LR, NORM_DECAY, BIAS_DECAY, DWCONV_DECAY, FLAT_DECAY)

RENAMED = {"TorchAdafactor": "Adafactor", "Adafactor": "transformers:Adafactor"}
"""The classes that mmengine's registry has under names other than torch's."""


def choose(visit: Visit, given: Set[str]) -> Chosen:
    """See :attr:`pgaudit.constructors.openmmlab.Dialect.choose`."""
    in_dcn = in_deformable(visit)
    plain_bias = visit.own == "bias" and not in_dcn
    norm = is_norm(visit)
    lr_option = wd_option = None
    if plain_bias and not norm and "bias_lr_mult" in given:
        lr_option = "bias_lr_mult"
    if in_dcn and visit.conv is not None and "dcn_offset_lr_mult" in given and "conv_offset" in visit.prefix:
        lr_option = "dcn_offset_lr_mult"
    if norm and "norm_decay_mult" in given:
        wd_option = "norm_decay_mult"
    elif plain_bias and "bias_decay_mult" in given:
        wd_option = "bias_decay_mult"
    elif visit.conv is not None and visit.conv.depthwise and "dwconv_decay_mult" in given:
        wd_option = "dwconv_decay_mult"
    elif visit.ndim == 1 and not in_dcn and "flat_decay_mult" in given:
        wd_option = "flat_decay_mult"
    return lr_option, wd_option


class Mmengine(OpenMMLab):
    """The constructor that mmengine, and with it mmpretrain, mmdet 3 and mmseg 1, use unless told otherwise."""

    grammar = MMENGINE
    library = "mmengine 0.10.7"
    dialect = Dialect(
        call="mmengine's DefaultOptimWrapperConstructor.add_params",
        options=OPTIONS,
        order="norms are asked for first, then biases, then depthwise convolutions, then vectors",
        choose=choose,
        takes_unset=False,
        keeps_frozen=False,
        copies_settings=True,
    )

    def optimizer(self, config: Config) -> OptimizerSpec:
        """By the names of mmengine's registry."""
        spec = super().optimizer(config)
        return OptimizerSpec(RENAMED.get(spec.type, spec.type), spec.arguments) if isinstance(spec.type, str) else spec

    def unread(self, config: Config, facts: Facts) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        yield from ()
