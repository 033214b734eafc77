"""mmcv 1.x' DefaultOptimizerConstructor.

Source of the semantics: mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py`` (unchanged since 1.7.0).
Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.config import Config
from pgaudit.config.grammars.openmmlab import MMCV
from pgaudit.constructors.base import OptimizerDefaults, Unread
from pgaudit.constructors.known_options import FOREIGN_OPTIONS, SISTERS_BY_KEY
from pgaudit.constructors.openmmlab import Dialect, OpenMMLab
from pgaudit.constructors.openmmlab.options import (
    BIAS_DECAY,
    BIAS_LR,
    DCN_OFFSET_LR,
    DWCONV_DECAY,
    NORM_DECAY,
)

OPTIONS = (BIAS_LR, DCN_OFFSET_LR, NORM_DECAY, DWCONV_DECAY, BIAS_DECAY)

READ_BY_KEY = frozenset({"lr_mult", "decay_mult"})
"""The settings of one custom key that are read."""


class Mmcv(OpenMMLab):
    """The constructor that mmcv 1.x, and with it mmcls, mmdet 2 and mmseg 0, use unless told otherwise."""

    grammar = MMCV
    library = "mmcv 1.7.2"
    dialect = Dialect(
        call="mmcv's DefaultOptimizerConstructor.add_params",
        options=OPTIONS,
        order="norms are asked for first, then depthwise convolutions, then biases",
        asks_all=True,
        keeps_frozen=True,
        copies_settings=False,
    )

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        options = config.paramwise_cfg or {}
        for option in options:
            if option not in self.options:
                yield Unread(("paramwise_cfg", option), frozenset(self.options), FOREIGN_OPTIONS)
        for key, settings in options.get("custom_keys", {}).items():
            for setting in settings:
                if setting not in READ_BY_KEY:
                    yield Unread(("paramwise_cfg", "custom_keys", key, setting), READ_BY_KEY, SISTERS_BY_KEY)
