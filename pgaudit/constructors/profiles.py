"""What tells one constructor from another, in a few words each: the table by which people choose, and move between
them. The tests hold each claim against the constructor itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    options: Mapping[str, str] = field(default_factory=dict)
    """What it reads in ``paramwise_cfg`` or ``solver`` that decides about parameters, and what each does."""


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
_MULTIPLIERS = {
    "custom_keys": "multipliers for the parameters whose name holds a key, instead of all other options",
    "bias_lr_mult": "lr of biases, but not of norms and deformable convolutions",
    "bias_decay_mult": "weight decay of biases, but not of deformable convolutions",
    "norm_decay_mult": "weight decay of norms that are known by class",
    "dwconv_decay_mult": "weight decay of Conv2d with as many groups as input channels",
    "dcn_offset_lr_mult": "lr of the offset layers of mmcv's deformable convolutions",
    "bypass_duplicate": "a tied parameter is taken once, under its first name",
}
_IN_A_GROUP, _LEFT_OUT = "in a group, at the base values", "left out"
_FIRST = "the first name decides"
_INSIDE, _AS_GIVEN = "its attribute `module`, if it has one", "the model as it is given"
_IGNORED = "ignored"

PROFILES = {
    "mmcv": Profile(
        names=_KEYS,
        lr="custom key, dcn_offset_lr_mult, bias_lr_mult, base",
        weight_decay="custom key, norm, depthwise, bias, base; an option that is unset still bars the later ones",
        frozen=_IN_A_GROUP,
        tied="torch refuses them, unless bypass_duplicate",
        groups="one a parameter; without options one for all",
        begins=_INSIDE,
        unknown=_IGNORED,
        options=_MULTIPLIERS,
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
        options={**_MULTIPLIERS, "flat_decay_mult": "weight decay of 1-d parameters"},
    ),
    "timm": Profile(
        names="the model's own no_weight_decay(), by fnmatch on the whole name",
        lr="base; layer_decay is for timm's schedulers, as lr_scale",
        weight_decay="none for 1-d parameters, biases and no_weight_decay(), else base",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="with and without decay; with layer_decay, of each layer",
        begins=_AS_GIVEN,
        unknown="an argument of the optimizer",
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
        weight_decay="none below a LayerNorm or where an expression is found, else base",
        frozen=_LEFT_OUT,
        tied=_FIRST,
        groups="with and without decay, even if empty",
        begins=_AS_GIVEN,
        unknown="there are none",
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
        options={
            "basic_lr": "lr of one process",
            "weight_decay": "a number, or rules [value, pattern] that end in one",
        },
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
        options={
            "rules": "what to do with which parameters, in order",
            "mode": "layered: later rules override what they state; first: the first one wins",
            "unmatched": "what becomes of parameters without a rule: base, freeze or error",
        },
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
