"""What the layer decays of OpenMMLab's libraries have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pgaudit.constructors.base import Decision, OptimizerSpec
from pgaudit.constructors.basic import Basic, base_rule
from pgaudit.constructors.evaluation import BOTH, Occurrence, RuleEvaluation
from pgaudit.constructors.mmengine import class_named
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

FROZEN_RULE = Provenance("frozen")
FROZEN = Setting.left_out(FROZEN_RULE)
"""All of them leave frozen parameters out, without a word."""


class LayerDecay(Basic):
    """A constructor derived from mmengine's, of which only the call is left."""

    unwraps_module = True

    def optimizer(self, config: Config) -> OptimizerSpec:
        """By the names of mmengine's registry."""
        spec = super().optimizer(config)
        return OptimizerSpec(class_named(spec.type), spec.arguments) if isinstance(spec.type, str) else spec


def power(config: Config, rate: Any, exponent: Any, at: tuple[str | int, ...]) -> Any:
    """Returns ``rate ** exponent`` in Python's own arithmetic, which is the libraries'.

    Raises:
        ConfigError: it is no finite number.
    """
    try:
        scale = rate**exponent
        finite = math.isfinite(scale)
    except ArithmeticError as error:
        raise config.error(f"{rate} ** {exponent} would raise {type(error).__name__}", *at) from error
    if not finite:
        raise config.error(f"{rate} ** {exponent} is no number to multiply by", *at)
    return scale


def refuse_without_parameters(config: Config, call: str, decisions: list[Decision]) -> None:
    """Raises ConfigError where nothing is left to optimize."""
    if all(decision.group is None for decision in decisions):
        raise config.error(
            f"every parameter is frozen, and {call} skips them; "
            "torch would raise ValueError: optimizer got an empty parameter list",
            "paramwise_cfg",
        )


def no_lr(config: Config, call: str, name: str) -> ConfigError:
    """Returns what to raise where there is no lr to scale."""
    return config.error(
        f"there is no lr to scale; {call} would raise TypeError: None * a number, at {quoted(name)}",
        "paramwise_cfg",
        hint="give the optimizer an lr",
    )


def layer_rule(config: Config, option: str, says: Callable[[Visit], str], gives: Gives) -> Rule:
    """Returns layer decay as a rule, by the option that says by what each layer is multiplied: every parameter has a
    layer, and it alone decides the lr.
    """
    at, given = ("paramwise_cfg", option), option in (config.paramwise_cfg or {})
    return Rule(
        Provenance(option, None, config.location(*at)) if given else base_rule(config, "lr"),
        lambda *_: True,
        lambda visit, _: says(visit),
        {"lr": gives},
        at=at if given else (),
        states=frozenset({"lr"}),
    )


def left_out(name: str) -> Occurrence:
    """Returns a frozen parameter, of which no rule is asked."""
    return Occurrence(name, (RuleEvaluation(FROZEN_RULE, True, "it is frozen: left out", (), BOTH),))


def layered(layer: float, layers: float) -> str:
    """Returns ``layer 3 of 13``: layers are counted from 0, at the input, and 13 is the last."""
    return f"layer {layer:g} of {layers - 1:g}"
