"""What mmcv's constructor looks for beside custom keys: which parameters each option is about, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgaudit.config import Config
from pgaudit.constructors.base import Rule, Unread
from pgaudit.constructors.patterns import Pattern, Spans, occurrences
from pgaudit.constructors.sisters import SISTERS, SISTERS_BY_KEY
from pgaudit.constructors.trials import Value
from pgaudit.inventory import Visit
from pgaudit.inventory.families import NORM_LIKE, NORMS
from pgaudit.text import quoted, visible

READ = frozenset(
    "custom_keys bypass_duplicate bias_lr_mult bias_decay_mult norm_decay_mult dwconv_decay_mult "
    "dcn_offset_lr_mult".split()
)
"""The options of ``paramwise_cfg`` that are read."""

READ_BY_KEY = frozenset({"lr_mult", "decay_mult"})
"""The settings of one custom key that are read."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the multipliers."""

    name: str
    of: Value

    def matches(self, visit: Visit) -> bool:
        """Whether a parameter is of the kind that the option is about, whatever comes before it."""
        in_dcn = in_deformable(visit)
        if self.name == "norm_decay_mult":
            return is_norm(visit)
        if self.name == "dwconv_decay_mult":
            return visit.conv is not None and visit.conv.depthwise
        if self.name == "dcn_offset_lr_mult":
            return in_dcn and visit.conv is not None and "conv_offset" in visit.prefix
        return visit.own == "bias" and not in_dcn and not (self.name == "bias_lr_mult" and is_norm(visit))

    def says(self, visit: Visit) -> str:
        """Returns why it matches or does not, in words."""
        kind = visible(visit.module.short)
        if self.name == "norm_decay_mult":
            return _about_norms(visit, kind)
        if self.name == "dwconv_decay_mult":
            if visit.conv is None:
                return f"{kind} is no Conv2d"
            channels = f"{kind} with in_channels {visit.conv.in_channels} and groups {visit.conv.groups}"
            return f"{channels}: depthwise" if self.matches(visit) else channels
        if self.name == "dcn_offset_lr_mult":
            return "" if self.matches(visit) else "no offset of a deformable convolution"
        if visit.own != "bias":
            return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"
        if in_deformable(visit):
            return "a bias inside a deformable convolution, which this option leaves out"
        if self.name == "bias_lr_mult" and is_norm(visit):
            return "a norm's bias, which this option leaves out"
        return f"the bias of a {kind}"


def _about_norms(visit: Visit, kind: str) -> str:
    if is_norm(visit):
        return f"{kind} is a norm"
    if NORM_LIKE in visit.module.families:
        return f"{kind} is a norm, but none that mmcv knows"
    return f"{kind} is no norm"


def is_norm(visit: Visit) -> bool:
    """Whether mmcv's isinstance test takes the parameter's module for a norm."""
    return not NORMS.isdisjoint(visit.module.families)


def in_deformable(visit: Visit) -> bool:
    """Whether the immediate parent is a deformable convolution."""
    return visit.parent is not None and "deform_conv" in visit.parent.families


OPTIONS = (
    Option("bias_lr_mult", "lr"),
    Option("dcn_offset_lr_mult", "lr"),
    Option("norm_decay_mult", "weight_decay"),
    Option("dwconv_decay_mult", "weight_decay"),
    Option("bias_decay_mult", "weight_decay"),
)
"""In the order of trial. In weight decay the first that matches takes the parameter."""


def searched(visit: Visit) -> str:
    """Returns the name as custom keys are searched in it: with a leading dot at the root."""
    return f"{visit.prefix}.{visit.own}"


def key_pattern(config: Config, key: str) -> Pattern:
    """Returns a custom key as a pattern."""
    at = ("paramwise_cfg", "custom_keys", key)
    stated = (config.paramwise_cfg or {})["custom_keys"][key]
    values = {"lr_mult": "lr", "decay_mult": "weight_decay"}

    def find(visit: Visit) -> Spans | None:
        return occurrences(key, searched(visit))

    def says(visit: Visit) -> str:
        return "stands in the name" if key in searched(visit) else "not in the name"

    states = frozenset(value for word, value in values.items() if word in stated)
    return Pattern(Rule("custom_keys", key, config.position(*at)), at, states, find, says, searched)


def option_pattern(config: Config, option: Option) -> Pattern:
    """Returns an option as a pattern."""
    at = ("paramwise_cfg", option.name)

    def find(visit: Visit) -> Spans | None:
        return () if option.matches(visit) else None

    return Pattern(Rule(option.name, None, config.position(*at)), at, frozenset({option.of}), find, option.says)


def unread(config: Config) -> Iterator[Unread]:
    """Yields each option, and each setting of a custom key, that nobody reads."""
    for option in config.paramwise_cfg or {}:
        if option not in READ:
            yield Unread(("paramwise_cfg", option), READ, SISTERS)
    for key, settings in (config.paramwise_cfg or {}).get("custom_keys", {}).items():
        for setting in settings:
            if setting not in READ_BY_KEY:
                yield Unread(("paramwise_cfg", "custom_keys", key, setting), READ_BY_KEY, SISTERS_BY_KEY)
