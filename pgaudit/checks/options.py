"""Which options each constructor reads. What it does not read it ignores without a word, so two checks go through the
config for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgaudit.config import Config

_MULTS = ("bias_lr_mult", "bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult", "dcn_offset_lr_mult")

READ = {"mmcv": frozenset({"custom_keys", "bypass_duplicate", *_MULTS})}
"""The options of ``paramwise_cfg`` that a constructor reads."""

READ_BY_KEY = {"mmcv": frozenset({"lr_mult", "decay_mult"})}
"""The settings of one custom key that a constructor reads."""

READ_SOLVER = frozenset(
    [
        "name",
        "optimizer",
        "basic_lr",
        "lr_min_factor",
        "momentum",
        "weight_decay",
        "nesterov",
        "betas",
        "always_adapt",
        "max_epoch",
        "warmup_epochs",
        "warmup_factor",
        "lr_schedule",
        "lr_decay_factor",
        "lr_decay_steps",
        "grad_clip",
        "accumulation_steps",
    ]
)
"""The keys of BaseCls' ``solver``, of ``basecls/configs/base_cfg.py``."""

SISTERS = {
    "flat_decay_mult": "mmengine's DefaultOptimWrapperConstructor and mmpretrain's layer decay",
    "layer_decay_rate": "mmpretrain's and mmseg's layer decay",
    "num_layers": "mmdet's and mmseg's layer decay",
    "decay_rate": "mmdet's and mmseg's layer decay",
    "decay_type": "mmdet's and mmseg's layer decay",
    "force_default_settings": "mmseg's ForceDefaultOptimWrapperConstructor",
    "layer_decay": "timm",
    "paramwise_cfg": "OpenMMLab's constructors",
    **dict.fromkeys(_MULTS, "OpenMMLab's constructors"),
    "custom_keys": "OpenMMLab's constructors",
    "bypass_duplicate": "OpenMMLab's constructors",
}
"""Options of other constructors, and who reads them."""

SISTERS_BY_KEY = dict.fromkeys(
    ("lr", "weight_decay", "momentum", "betas", "eps", "alpha", "nesterov", "dampening", "amsgrad", "lr_scale"),
    "mmengine's DefaultOptimWrapperConstructor",
)
"""mmengine copies every setting of a custom key into the group."""


def unread(config: Config) -> Iterator[tuple[tuple[str, ...], frozenset[str], Mapping[str, str]]]:
    """Yields each option that the constructor ignores: where it stands, what is read there, and what its sisters read
    there.
    """
    if config.constructor == "basecls":
        for option in config.solver or {}:
            if option not in READ_SOLVER:
                yield ("solver", option), READ_SOLVER, SISTERS
        if config.paramwise_cfg is not None:
            yield ("paramwise_cfg",), frozenset(), SISTERS
        return
    read, by_key = READ[config.constructor], READ_BY_KEY[config.constructor]
    for option in config.paramwise_cfg or {}:
        if option not in read:
            yield ("paramwise_cfg", option), read, SISTERS
    for key, settings in (config.paramwise_cfg or {}).get("custom_keys", {}).items():
        for setting in settings:
            if setting not in by_key:
                yield ("paramwise_cfg", "custom_keys", key, setting), by_key, SISTERS_BY_KEY
