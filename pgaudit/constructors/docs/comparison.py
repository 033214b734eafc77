"""What tells one constructor from another, in a few words each: the table by which people choose, and move between
them. The tests hold each claim against the constructor itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Profile:
    """One constructor's ways."""

    names: str
    """How a rule finds its parameters."""
    lr: str
    """What decides the lr, strongest first."""
    weight_decay: str
    """What decides the weight decay, strongest first."""
    frozen: str
    """What becomes of parameters that do not require a gradient."""
    tied: str
    """What becomes of a tensor with several names."""
    groups: str
    """How many there are."""
    begins: str
    """Where in the model it begins."""
    unknown: str
    """What becomes of an option that it does not know."""


TOPICS = {
    "names": "names",
    "lr": "lr, strongest first",
    "weight_decay": "weight decay, strongest first",
    "frozen": "frozen parameters",
    "tied": "tied parameters",
    "groups": "groups",
    "begins": "begins at",
    "unknown": "unknown options",
}
"""The rows of the table, by field."""

_KEYS = "a key is a part of the name, a dot before names at the root; the longest key wins"
_IN_A_GROUP, _LEFT_OUT = "in a group, at the base values", "left out"
_FIRST = "the first name decides"
_INSIDE, _AS_GIVEN = "its attribute `module`, if it has one", "the model as it is given"
_IGNORED = "ignored"

_DEPTH = "the layer, base; no key changes it"
_VECTORS = "none for 1-d parameters and for `.bias`, else base; no option changes it"
_OF_NAMES = Profile(
    names="layers by the names below `backbone.`, which is a ConvNeXt by its class's name",
    lr=_DEPTH,
    weight_decay=_VECTORS,
    frozen=_LEFT_OUT,
    tied=_FIRST,
    groups="of each layer, with and without decay",
    begins=_INSIDE,
    unknown=_IGNORED,
)
_OF_MMSEG = replace(
    _OF_NAMES, names="layers by the names below `backbone.`, a ConvNeXt, BEiT or MAE by its class's name"
)

_LAYER_DECAYS = {
    "mmpretrain_layer_decay": Profile(
        names="a key is a part of the name; the longest key wins. Layers by the model's own get_layer_depth()",
        lr=_DEPTH,
        weight_decay="custom key (its weight_decay, then its decay_mult), norm, bias, 1-d, base; unset options are "
        "passed over",
        frozen=_LEFT_OUT,
        tied="torch refuses them",
        groups="one a parameter; without options one for all",
        begins=_INSIDE,
        unknown="ignored; in a custom key copied into the group",
    ),
    "mmdet_layer_decay": _OF_NAMES,
    "mmseg_layer_decay": _OF_MMSEG,
    "mmseg_old_layer_decay": replace(
        _OF_MMSEG,
    ),
    "mmpose_layer_decay": replace(
        _OF_NAMES,
        names="layers by the names of a ViT below `backbone.`, whatever its class",
        weight_decay="none for 1-d parameters, `.bias` and what is called `pos_embed`, else base; no option changes it",
    ),
}

PROFILES = {
    "torch": Profile(
        names="none: one setting for all",
        lr="base",
        weight_decay="base",
        frozen="in the group, and never updated",
        tied=_FIRST,
        groups="one for all",
        begins=_AS_GIVEN,
        unknown="it has no options; all are ignored",
    ),
    "mmcv": Profile(
        names=_KEYS,
        lr="custom key, dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="custom key, norm, depthwise, bias, base; an option that is unset still bars the later ones",
        frozen=_IN_A_GROUP,
        tied="torch refuses them, unless bypass_duplicate",
        groups="one a parameter; without options one for all",
        begins=_INSIDE,
        unknown=_IGNORED,
    ),
    "mmengine": Profile(
        names=_KEYS,
        lr="custom key (its lr, then its lr_mult), dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="custom key (its weight_decay, then its decay_mult), norm, bias, depthwise, 1-d, base; unset "
        "options are passed over",
        frozen="left out, with a warning; without options in the group",
        tied="torch refuses them, unless bypass_duplicate",
        groups="one a parameter; without options one for all",
        begins=_INSIDE,
        unknown="ignored; in a custom key copied into the group",
    ),
    **_LAYER_DECAYS,
    "mmseg_force_default": Profile(
        names=_KEYS,
        lr="the options if forced, custom key, dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="the options if forced, custom key, norm, bias, depthwise, 1-d, base; unset ones are passed over",
        frozen=_IN_A_GROUP,
        tied="torch refuses them, unless bypass_duplicate",
        groups="one a parameter; without options one for all",
        begins=_INSIDE,
        unknown="ignored; in a custom key copied into the group",
    ),
    "timm": Profile(
        names="the model's own no_weight_decay(), by fnmatch on the whole name",
        lr="base; layer_decay is for timm's schedulers, as lr_scale",
        weight_decay="none for 1-d parameters, biases and no_weight_decay(), else base",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="with and without decay; with layer_decay, of each layer",
        begins=_AS_GIVEN,
        unknown="refused here; in `optimizer` they are arguments of the class",
    ),
    "detectron2": Profile(
        names="an override is the parameter's own name, without its module's",
        lr="override, lr_factor_func, base",
        weight_decay="override (biases are one), norm, base",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="one for each set of equal settings",
        begins=_AS_GIVEN,
        unknown="TypeError",
    ),
    "transformers": Profile(
        names="five expressions, searched in lower case in the name and its ends; none to choose",
        lr="base",
        weight_decay="none below a LayerNorm, where an expression is found, or for a name that `get_parameter_names()` "
        "does not list, as in wrapped models (`unlisted_name`); else base",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="with and without decay, even if empty",
        begins=_AS_GIVEN,
        unknown="it has no options; all are ignored",
    ),
    "basecls": Profile(
        names="a pattern is an expression, searched in the name, or a class; the first rule wins",
        lr="basic_lr × world_size",
        weight_decay="the first rule that matches, else the policy's last number",
        frozen="in a group, under its rule",
        tied=_FIRST,
        groups="one for each weight decay",
        begins=_AS_GIVEN,
        unknown=_IGNORED,
    ),
    "rules": Profile(
        names="a glob or an expression matches the whole name; also classes and numbers of dimensions",
        lr="the last rule that states it, base; with mode: first, the first rule",
        weight_decay="the last rule that states it, base; with mode: first, the first rule",
        frozen=_LEFT_OUT,
        tied="must get the same under each name",
        groups="one for each set of equal settings",
        begins=_AS_GIVEN,
        unknown="an error",
    ),
    "regex": Profile(
        names="a pattern is an expression that matches the whole name; the first wins, in each list by itself",
        lr="lr_mults, base",
        weight_decay="wd_mults, else none",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="one for each set of equal settings",
        begins=_AS_GIVEN,
        unknown=_IGNORED,
    ),
}
"""The built-in constructors'."""
