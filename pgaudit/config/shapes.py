"""What :mod:`pgaudit.config.schema` says, as far as it takes to know at once that a section is right.

Loading pydantic and its schemas takes longer than all else that is done to a config, and nearly every config is right.
So a section is first held against these shapes: one that has its shape is valid, for a shape takes nothing that the
schema refuses. About any other the schema is asked, which may find nothing wrong, and else finds the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.core.findings import THRESHOLDS

Holds = Callable[[Any], bool]
"""Whether a value is surely right."""


@dataclass(frozen=True)
class Shape:
    """A mapping's keys, and what holds of their values."""

    fields: Mapping[str, Holds]
    closed: bool
    """Whether it has no other keys."""
    needs: frozenset[str] = frozenset()

    def __call__(self, value: Any) -> bool:
        """Returns whether a value surely has this shape."""
        if not _mapping(value) or not self.needs <= value.keys():
            return False
        fields = self.fields
        return all(fields[key](item) if key in fields else not self.closed for key, item in value.items())


def _anything(value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return type(value) is str and value.isascii()  # of others, pydantic refuses halves of characters


def _word(value: Any) -> bool:
    return _text(value) and value != ""


def _flag(value: Any) -> bool:
    return type(value) is bool


def _number(value: Any) -> bool:
    return type(value) in (float, int) and 0 <= value < _LARGE


_LARGE = 1e300
"""Far below what a float cannot hold."""


def _from_one(value: Any) -> bool:
    return type(value) is int and 1 <= value < _LARGE


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGE


def _list(value: Any) -> bool:
    return type(value) is list


def _mapping(value: Any) -> bool:
    return type(value) is dict and all(map(_text, value))


def _maybe(holds: Holds) -> Holds:
    return lambda value: value is None or holds(value)


def _words(holds: Holds) -> Holds:
    return lambda value: type(value) is list and all(map(holds, value))


def _each(holds: Holds) -> Holds:
    return lambda value: _mapping(value) and all(map(holds, value.values()))


def _one_of(*words: str) -> Holds:
    return lambda value: type(value) is str and value in words


def _all(names: str, holds: Holds) -> dict[str, Holds]:
    return dict.fromkeys(names.split(), holds)


_FAIL_ON = _one_of(*THRESHOLDS)
_CUSTOM_KEY = Shape(_all("lr_mult decay_mult", _number), closed=False)
_COPIED_KEY = Shape(_all("lr_mult decay_mult lr weight_decay", _number), closed=False)
_OVERRIDE = Shape(_all("lr weight_decay", _number), closed=False)
_DEFAULT_OPTIONS = "bias_lr_mult bias_decay_mult norm_decay_mult dwconv_decay_mult dcn_offset_lr_mult"
_MMENGINE = {
    **_all(f"{_DEFAULT_OPTIONS} flat_decay_mult", _maybe(_number)),
    "custom_keys": _each(_COPIED_KEY),
    "bypass_duplicate": _flag,
}
_COUNTED_LAYERS = Shape(
    _all("num_layers layer_decay_rate", _number), closed=False, needs=frozenset({"num_layers", "layer_decay_rate"})
)
_GROUPS = Shape({"max": _from_one}, closed=True, needs=frozenset({"max"}))
_FINDINGS = Shape({"fail_on": _FAIL_ON}, closed=True, needs=frozenset({"fail_on"}))
_SECTIONS = "model_args optimizer paramwise_cfg optim_wrapper solver expect findings"

SHAPES = {
    "File": Shape(
        {
            **_all("model constructor", _maybe(_text)),
            **_all(_SECTIONS, _maybe(_mapping)),
            **_all("SOLVER default_scope", _anything),
            "world_size": _maybe(_from_one),
        },
        closed=True,
    ),
    "Optimizer": Shape(
        {"type": _text, **_all("lr weight_decay", _maybe(_number))}, closed=False, needs=frozenset({"type"})
    ),
    "MmcvParamwise": Shape(
        {**_all(_DEFAULT_OPTIONS, _number), "custom_keys": _each(_CUSTOM_KEY), "bypass_duplicate": _flag}, closed=False
    ),
    "MmengineParamwise": Shape(_MMENGINE, closed=False),
    "ForceDefaultParamwise": Shape({**_MMENGINE, "force_default_settings": _flag}, closed=False),
    "MmpretrainParamwise": Shape(
        {
            **_all("bias_decay_mult norm_decay_mult flat_decay_mult", _maybe(_number)),
            "layer_decay_rate": _number,
            "custom_keys": _each(_COPIED_KEY),
        },
        closed=False,
    ),
    "LayerDecayParamwise": Shape(
        {**_all("num_layers decay_rate", _number), "decay_type": _text},
        closed=False,
        needs=frozenset({"num_layers", "decay_rate"}),
    ),
    "OldLayerDecayParamwise": _COUNTED_LAYERS,
    "MmposeParamwise": _COUNTED_LAYERS,
    "Detectron2Paramwise": Shape(
        {
            **_all("base_lr weight_decay weight_decay_norm bias_lr_factor weight_decay_bias", _maybe(_number)),
            "lr_factor_func": _maybe(_word),
            "overrides": _maybe(_each(_OVERRIDE)),
        },
        closed=True,
    ),
    "TimmParamwise": Shape(
        {
            **_all("filter_bias_and_bn fallback_no_weight_decay", _flag),
            **_all("layer_decay layer_decay_no_opt_scale", _maybe(_number)),
            "layer_decay_min_scale": _number,
            "fallback_list": _words(_text),
        },
        closed=True,
    ),
    "Solver": Shape(
        {
            "optimizer": _text,
            **_all("basic_lr momentum", _number),
            **_all("nesterov always_adapt", _flag),
            "betas": lambda value: type(value) is list and len(value) == 2 and all(map(_number, value)),
        },
        closed=False,
    ),
    "Plain": Shape(
        {"rules": _list, "mode": _one_of("layered", "first"), "unmatched": _one_of("base", "freeze", "error")},
        closed=True,
        needs=frozenset({"rules"}),
    ),
    "RuleSchema": Shape(
        {
            "match": _anything,
            **_all("lr_mult decay_mult lr weight_decay", _number),
            "freeze": _flag,
            "set": _mapping,
        },
        closed=True,
        needs=frozenset({"match"}),
    ),
    "Findings": Shape({"ignore": _mapping}, closed=True),
    "Ignored": Shape(
        {"reason": _word, **_all("key param", _words(_text)), "count": _maybe(_from_one)},
        closed=True,
        needs=frozenset({"reason"}),
    ),
    "ExpectedRule": Shape({"params": _maybe(_words(_word)), "count": _maybe(_whole)}, closed=True),
    "ExpectedParam": Shape(
        {
            **_all("lr weight_decay scheduled_lr", _maybe(_number)),
            **_all("rule lr_rule weight_decay_rule", _maybe(_word)),
        },
        closed=True,
    ),
    "Expect": Shape(
        {
            **_all("rules params", _maybe(_mapping)),
            "exhaustive": _flag,
            "groups": _maybe(_GROUPS),
            "findings": _maybe(_FINDINGS),
        },
        closed=True,
    ),
    "ProjectAudit": Shape(
        {
            "config": _word,
            **_all("name model constructor lock expect baseline", _maybe(_word)),
            "model_args": _maybe(_mapping),
            "fail_on": _maybe(_FAIL_ON),
        },
        closed=True,
        needs=frozenset({"config"}),
    ),
    "ProjectFile": Shape({"audits": _list, "fail_on": _maybe(_FAIL_ON)}, closed=True, needs=frozenset({"audits"})),
}
"""One for each schema that is asked by name."""
