"""mmcv 1.x' DefaultOptimizerConstructor.

Source of the semantics: mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py`` (unchanged since 1.7.0).
Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pgaudit.constructors.base import OptimizerDefaults, Unread
from pgaudit.constructors.known_options import FOREIGN_OPTIONS, SISTERS_BY_KEY
from pgaudit.constructors.openmmlab import Dialect, OpenMMLab
from pgaudit.constructors.openmmlab.errors import paramwise_errors
from pgaudit.constructors.openmmlab.options import (
    BIAS_DECAY,
    BIAS_LR,
    DCN_OFFSET_LR,
    DWCONV_DECAY,
    NORM_DECAY,
)
from pgaudit.constructors.openmmlab.schema import PROFILE, paramwise_schema
from pgaudit.constructors.profile import IGNORED, IN_A_GROUP
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.files.schemas import NON_NEGATIVE, Schema, fields
from pgaudit.files.validation import Invalid

OPTIONS = (BIAS_LR, DCN_OFFSET_LR, NORM_DECAY, DWCONV_DECAY, BIAS_DECAY)

READ_BY_KEY = frozenset({"lr_mult", "decay_mult"})
"""The settings of one custom key that are read."""


class Mmcv(OpenMMLab):
    """The constructor that mmcv 1.x, and with it mmcls, mmdet 2 and mmseg 0, use unless told otherwise."""

    name = "mmcv"
    title = "mmcv 1.x DefaultOptimizerConstructor"
    aliases = ("DefaultOptimizerConstructor",)
    nicknames = ("mmcls", "mmcv1", "mmcv-full", "openmmlab")
    library = "mmcv 1.7.2"
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": paramwise_schema(
            fields("bias_lr_mult bias_decay_mult norm_decay_mult dwconv_decay_mult dcn_offset_lr_mult", NON_NEGATIVE),
            by_key="lr_mult decay_mult",
        )
    }
    profile = replace(
        PROFILE,
        lr="custom key, dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="custom key, norm, depthwise, bias, base; an option that is unset still bars the later ones",
        frozen=IN_A_GROUP,
        unknown=IGNORED,
    )
    dialect = Dialect(
        call="mmcv's DefaultOptimizerConstructor.add_params",
        options=OPTIONS,
        order="norms are asked for first, then depthwise convolutions, then biases",
        asks_all=True,
        keeps_frozen=True,
        copies_settings=False,
    )

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return paramwise_errors(layout, self.schemas["paramwise_cfg"], self.dialect.library)

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
