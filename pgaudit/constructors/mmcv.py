"""mmcv 1.x' DefaultOptimizerConstructor.

Source of the semantics: mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py`` (unchanged since 1.7.0).
Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from pgaudit.config import Config
from pgaudit.config.grammars.openmmlab import MMCV
from pgaudit.constructors.base import OptimizerDefaults, Unread
from pgaudit.constructors.known_options import FOREIGN_OPTIONS, SISTERS_BY_KEY
from pgaudit.constructors.openmmlab import Dialect, OpenMMLab
from pgaudit.constructors.openmmlab.dialect import Chosen
from pgaudit.constructors.openmmlab.options import (
    BIAS_DECAY,
    BIAS_LR,
    DCN_OFFSET_LR,
    DWCONV_DECAY,
    NORM_DECAY,
    in_deformable,
    is_norm,
)
from pgaudit.core.parameters import Visit

OPTIONS = (BIAS_LR, DCN_OFFSET_LR, NORM_DECAY, DWCONV_DECAY, BIAS_DECAY)

READ_BY_KEY = frozenset({"lr_mult", "decay_mult"})
"""The settings of one custom key that are read."""


def choose(visit: Visit, given: Set[str]) -> Chosen:
    """See :attr:`pgaudit.constructors.openmmlab.Dialect.choose`. Which options are given makes no difference."""
    in_dcn = in_deformable(visit)
    plain_bias = visit.own == "bias" and not in_dcn
    norm = is_norm(visit)
    lr_option = wd_option = None
    if plain_bias and not norm:
        lr_option = "bias_lr_mult"
    if in_dcn and visit.conv is not None and "conv_offset" in visit.prefix:
        lr_option = "dcn_offset_lr_mult"
    if norm:
        wd_option = "norm_decay_mult"
    elif visit.conv is not None and visit.conv.depthwise:
        wd_option = "dwconv_decay_mult"
    elif plain_bias:
        wd_option = "bias_decay_mult"
    return lr_option, wd_option


class Mmcv(OpenMMLab):
    """The constructor that mmcv 1.x, and with it mmcls, mmdet 2 and mmseg 0, use unless told otherwise."""

    grammar = MMCV
    library = "mmcv 1.7.2"
    dialect = Dialect(
        call="mmcv's DefaultOptimizerConstructor.add_params",
        options=OPTIONS,
        order="norms are asked for first, then depthwise convolutions, then biases",
        choose=choose,
        keeps_frozen=True,
        copies_settings=False,
    )

    def unread(self, config: Config, facts: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        options = config.paramwise_cfg or {}
        for option in options:
            if option not in self.options:
                yield Unread(("paramwise_cfg", option), frozenset(self.options), FOREIGN_OPTIONS)
        for key, settings in options.get("custom_keys", {}).items():
            for setting in settings:
                if setting not in READ_BY_KEY:
                    yield Unread(("paramwise_cfg", "custom_keys", key, setting), READ_BY_KEY, SISTERS_BY_KEY)
