"""What mmpretrain's layer decay looks for beside the layer: custom keys, and three of mmengine's options, which know no
deformable convolutions here.
"""

from __future__ import annotations

from pgaudit.config import Config
from pgaudit.constructors.evaluation import Spans
from pgaudit.constructors.openmmlab.options import NORM_DECAY, is_norm
from pgaudit.constructors.patterns import Pattern, occurrences
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance
from pgaudit.text import counted, quoted, visible

RATE = "layer_decay_rate"
OPTIONS = ("norm_decay_mult", "bias_decay_mult", "flat_decay_mult")
"""In the order of evaluation: the first that is given and takes a parameter decides."""


def matches(option: str, visit: Visit) -> bool:
    """Whether a parameter is of the kind that an option is about."""
    if option == "norm_decay_mult":
        return is_norm(visit)
    return visit.own == "bias" if option == "bias_decay_mult" else visit.ndim == 1


def says(option: str, visit: Visit) -> str:
    """Returns why it matches or does not, in words."""
    if option == "norm_decay_mult":
        return NORM_DECAY.says(visit)
    if option == "flat_decay_mult":
        return "it has one dimension" if visit.ndim == 1 else f"it has {counted(visit.ndim, 'dimension')}, not one"
    if visit.own == "bias":
        return f"the bias of a {visible(visit.module.short)}"
    return f"its own name is {quoted(visit.own)}, not exactly {quoted('bias')}"


def key_pattern(config: Config, key: str) -> Pattern:
    """Returns a custom key as a pattern. It decides the weight decay alone."""
    at = ("paramwise_cfg", "custom_keys", key)
    stated = (config.paramwise_cfg or {})["custom_keys"][key]
    states = frozenset({"weight_decay"}) if {"decay_mult", "weight_decay"} & set(stated) else frozenset[str]()

    def find(visit: Visit) -> Spans | None:
        return occurrences(key, visit.name)

    def in_words(visit: Visit) -> str:
        return "stands in the name" if key in visit.name else "not in the name"

    rule = Provenance("custom_keys", key, config.location(*at))
    return Pattern(rule, at, states, find, in_words, lambda visit: visit.name)


def option_pattern(config: Config, option: str) -> Pattern:
    """Returns an option as a pattern."""
    at = ("paramwise_cfg", option)

    def find(visit: Visit) -> Spans | None:
        return () if matches(option, visit) else None

    def in_words(visit: Visit) -> str:
        return says(option, visit)

    return Pattern(Provenance(option, None, config.location(*at)), at, frozenset({"weight_decay"}), find, in_words)


def rate_pattern(config: Config, option: str = RATE) -> Pattern:
    """Returns layer decay as a pattern: every parameter has a layer."""
    at = ("paramwise_cfg", option)

    def find(visit: Visit) -> Spans:
        return ()

    def in_words(visit: Visit) -> str:
        return "every parameter has a layer"

    return Pattern(Provenance(option, None, config.location(*at)), at, frozenset({"lr"}), find, in_words)
