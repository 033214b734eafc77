"""What a config gives to detectron2's get_default_optimizer_params, in either of its two layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.detectron2.errors import SOLVER, literal
from pgaudit.core.config import Config
from pgaudit.core.location import Path
from pgaudit.core.setting import Provenance

OPTIONS = {
    "base_lr": "the lr of every group, in place of the optimizer's own",
    "weight_decay": "the weight decay of every group, in place of the optimizer's own",
    "weight_decay_norm": "the weight decay of parameters of norms",
    "bias_lr_factor": "multiplies base_lr for every parameter called bias",
    "weight_decay_bias": "the weight decay of every parameter called bias, those of norms too",
    "lr_factor_func": "a function of a parameter's name, whose value multiplies base_lr",
    "overrides": "hyperparameters by a parameter's own name",
}
"""The arguments and what they do. Where there is anything for biases, detectron2 writes it into the caller's own
``overrides``, so that a second call with the same dict raises ValueError; pgaudit leaves the caller's as it is.
"""


@dataclass(frozen=True, slots=True)
class GivenArgument:
    """One argument, as it reaches the function."""

    value: Any
    at: Path
    """Where it stands, or would."""
    rule: Provenance
    given: bool
    """Whether the config has it; otherwise the value is detectron2's own default."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """All arguments."""

    base_lr: GivenArgument
    weight_decay: GivenArgument
    weight_decay_norm: GivenArgument
    bias_lr_factor: GivenArgument
    weight_decay_bias: GivenArgument
    lr_factor_func: GivenArgument
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """As given: without what the options for biases add."""

    @property
    def scales_biases(self) -> bool:
        """Whether the lr of biases is any other than that of weights."""
        return self.bias_lr_factor.value not in (None, 1.0)

    def function(self, defaults: OptimizerDefaults) -> Callable[[str], Any] | None:
        """Returns ``lr_factor_func``, imported where the config names it."""
        given = self.lr_factor_func.value
        return defaults.functions[given] if isinstance(given, str) else given


def solver_value(config: Config, key: str) -> Any:
    """Returns a value of ``SOLVER``, or its default."""
    solver = config.solver or {}
    return literal(solver[key]) if key in solver else SOLVER[key]


def arguments_of(config: Config) -> Arguments:
    """Returns the arguments of either layout."""
    solver, options = config.layout == "detectron2", config.paramwise_cfg or {}

    def argument(name: str, default: Any = None) -> GivenArgument:
        key = name.upper()
        if solver and key in SOLVER and name != "weight_decay":  # which only the optimizer is told
            position = config.location("solver", key)
            given = key in (config.solver or {})
            return GivenArgument(solver_value(config, key), ("solver", key), Provenance(key, None, position), given)
        at = ("paramwise_cfg", name)
        value = default if solver else options.get(name, default)
        return GivenArgument(value, at, Provenance(name, None, config.location(*at)), not solver and name in options)

    return Arguments(
        argument("base_lr"),
        argument("weight_decay"),
        argument("weight_decay_norm"),
        argument("bias_lr_factor", 1.0),
        argument("weight_decay_bias"),
        argument("lr_factor_func"),
        {} if solver else options.get("overrides") or {},
    )
