"""Options that a config may hold because a sister library reads them."""

from __future__ import annotations

_OPENMMLAB = (
    "bias_lr_mult bias_decay_mult norm_decay_mult dwconv_decay_mult dcn_offset_lr_mult paramwise_cfg custom_keys "
    "bypass_duplicate"
)

FOREIGN_OPTIONS = {
    "flat_decay_mult": "mmengine's DefaultOptimWrapperConstructor and mmpretrain's layer decay",
    "layer_decay_rate": "mmpretrain's, mmseg's and mmpose's layer decay",
    "num_layers": "mmdet's, mmseg's and mmpose's layer decay",
    "decay_rate": "mmdet's and mmseg's layer decay",
    "decay_type": "mmdet's and mmseg's layer decay",
    "force_default_settings": "mmseg's ForceDefaultOptimWrapperConstructor",
    "layer_decay": "timm",
    "rules": "the constructor `rules`",
    "params": "rtdetr, as in RT-DETR, D-FINE and DEIM",
    **dict.fromkeys("schedule lr_mults wd_mults".split(), "regex, as in big_vision"),
    **dict.fromkeys(_OPENMMLAB.split(), "OpenMMLab's constructors"),
}
"""Options of one constructor or the other, and who reads them."""

SOLE_READER = {
    "layer_decay": "timm",
    "rules": "rules",
    "params": "rtdetr",
    **dict.fromkeys("schedule lr_mults wd_mults".split(), "regex"),
}
"""Options that one constructor alone reads, and what a config calls it."""

SISTERS_BY_KEY = dict.fromkeys(
    "lr weight_decay momentum betas eps alpha nesterov dampening amsgrad lr_scale".split(),
    "mmengine's DefaultOptimWrapperConstructor",
)
"""mmengine copies every setting of a custom key into the group."""
