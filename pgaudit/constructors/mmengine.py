"""mmengine's DefaultOptimWrapperConstructor.

Source of the semantics: mmengine 0.10.7, ``mmengine/optim/optimizer/default_constructor.py``. The wrapper around the
optimizer (AmpOptimWrapper and the like) leaves the groups as they are, and is not looked at; the group that
``OptimWrapper.param_groups`` adds to those of its optimizer holds no parameter of the model, and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pgaudit.constructors.base import OptimizerDefaults, OptimizerSpec, Unread
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.openmmlab import Dialect, OpenMMLab
from pgaudit.constructors.openmmlab.errors import copying_errors
from pgaudit.constructors.openmmlab.options import (
    BIAS_DECAY,
    BIAS_LR,
    DCN_OFFSET_LR,
    DWCONV_DECAY,
    FLAT_DECAY,
    NORM_DECAY,
)
from pgaudit.constructors.openmmlab.schema import PROFILE, paramwise_schema
from pgaudit.constructors.profile import Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.location import Path
from pgaudit.files.schemas import NON_NEGATIVE, Schema, fields, optional
from pgaudit.files.validation import Invalid
from pgaudit.text import quoted, visible

OPTIONS = (BIAS_LR, DCN_OFFSET_LR, NORM_DECAY, BIAS_DECAY, DWCONV_DECAY, FLAT_DECAY)

MULTIPLIES = {"lr_mult": "lr", "decay_mult": "weight_decay"}
"""The settings of a custom key that the constructor reads itself, and what each makes."""

RENAMED = {"TorchAdafactor": "Adafactor", "Adafactor": "transformers:Adafactor"}
"""The classes that mmengine's registry has under names other than torch's."""


PARAMWISE = paramwise_schema(
    fields(
        "bias_lr_mult bias_decay_mult norm_decay_mult dwconv_decay_mult flat_decay_mult dcn_offset_lr_mult",
        optional(NON_NEGATIVE),
    ),
    by_key="lr_mult decay_mult lr weight_decay",
)
"""``null`` is as good as not given."""


def class_named(name: str) -> str:
    """Returns what pgaudit calls the optimizer's class that mmengine's registry returns for a name. What is not
    registered, it takes as a dotted path.
    """
    plain = name.removeprefix("torch.optim.")
    return RENAMED.get(name, name) if plain == name or "." in plain else plain


class Mmengine(OpenMMLab):
    """The constructor that mmengine, and with it mmpretrain, mmdet 3 and mmseg 1, use unless told otherwise."""

    name = "mmengine"
    title = "mmengine DefaultOptimWrapperConstructor"
    aliases: Sequence[str] = ("DefaultOptimWrapperConstructor",)
    nicknames: Sequence[str] = ("mmpretrain", "mmdet", "mmseg", "mmsegmentation", "openmmlab")
    schemas: Mapping[str, Schema] = {"paramwise_cfg": PARAMWISE}
    profile: Profile | None = PROFILE
    library = "mmengine 0.10.7"
    dialect = Dialect(
        call="mmengine's DefaultOptimWrapperConstructor.add_params",
        options=OPTIONS,
        order="norms are asked for first, then biases, then depthwise convolutions, then vectors",
        asks_all=False,
        keeps_frozen=False,
        copies_settings=True,
    )

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return copying_errors(layout, self.schemas["paramwise_cfg"], self.dialect.library)

    def optimizer(self, config: Config) -> OptimizerSpec:
        """By the names of mmengine's registry."""
        spec = super().optimizer(config)
        return OptimizerSpec(class_named(spec.type), spec.arguments) if isinstance(spec.type, str) else spec

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        options = config.paramwise_cfg or {}
        for option in options:
            if option not in self.options:
                yield Unread(("paramwise_cfg", option), frozenset(self.options), FOREIGN_OPTIONS)
        for key, settings in options.get("custom_keys", {}).items():
            for setting in settings:
                at = ("paramwise_cfg", "custom_keys", key, setting)
                if MULTIPLIES.get(setting) in settings:
                    beside = quoted(MULTIPLIES[setting])
                    yield Unread(
                        at, frozenset(), why=f"has no effect: {beside} takes its place", hint="keep one of them"
                    )
                elif setting not in MULTIPLIES:
                    yield from self._unread_by_class(config, defaults, at)

    def _unread_by_class(self, config: Config, defaults: OptimizerDefaults, at: Path) -> Iterator[Unread]:
        """What is copied has an effect only where somebody looks for it in the group."""
        if at[-1] not in defaults.looked_for:
            name = visible(self.optimizer(config).name.rpartition(":")[2])
            why = f"is copied into the group, where neither mmengine nor {name} looks for it"
            hint = f"lr_mult, decay_mult, or an argument of {name}"
            yield Unread(at, frozenset({*defaults.filled_in, *MULTIPLIES}), why=why, hint=hint)
