"""The arguments of one config, ready to be asked once a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

from pgaudit.config import Config
from pgaudit.config.layouts import Path
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule
from pgaudit.constructors.detectron2.arguments import Argument, arguments_of
from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.core.setting import Provenance, Setting, Value
from pgaudit.text import format_exception, quoted

_NORM_CLASSES = frozenset(
    f"torch.nn.modules.{name}"
    for name in (
        *(f"batchnorm.BatchNorm{dimensions}d" for dimensions in (1, 2, 3)),
        *(f"instancenorm.InstanceNorm{dimensions}d" for dimensions in (1, 2, 3)),
        "batchnorm.SyncBatchNorm",
        "normalization.GroupNorm",
        "normalization.LayerNorm",
        "normalization.LocalResponseNorm",
    )
)


def is_norm(module: ModuleType) -> bool:
    """Whether detectron2's isinstance test takes the class for a norm."""
    return not _NORM_CLASSES.isdisjoint(module.bases)


def searched(visit: Visit) -> str:
    """Returns the name that the config's function is given: with a leading dot at the root."""
    return f"{visit.prefix}.{visit.own}"


class Detectron2Rules:
    """The arguments of one config, ready to be asked once a parameter."""

    def __init__(self, config: Config, facts: OptimizerDefaults) -> None:
        self._config = config
        self._facts = facts
        self.arguments = given = arguments_of(config)
        self.overrides: Mapping[str, Mapping[str, Any]] = {**given.overrides, **self._for_biases()}
        self._function = given.function(facts)
        self._settings: dict[tuple[bool, str | None, float | None], Setting] = {}
        self._norms: dict[int, bool] = {}
        section = "solver" if config.layout == "detectron2" else "optimizer"
        lr, decay = given.base_lr, given.weight_decay
        wd_key = "WEIGHT_DECAY" if section == "solver" else "weight_decay"
        self.base = Setting.of(
            facts.lr if lr.value is None else float(lr.value),
            facts.weight_decay if decay.value is None else float(decay.value),
            base_rule(config, "lr") if lr.value is None else Provenance("default", None, config.location(*lr.at)),
            self._base_decay_rule(section, wd_key, decay),
            tuple((key, float(a.value)) for key, a in (("lr", lr), ("weight_decay", decay)) if a.value is not None),
        )

    def setting(self, visit: Visit) -> Setting:
        """Returns what a trainable parameter gets."""
        norm = self._norms.get(id(visit.module))  # an inventory holds one object a class
        if norm is None:
            norm = self._norms[id(visit.module)] = self.exempts(visit.module)
        leaf = visit.own if visit.own in self.overrides else None
        factor = None if self._function is None else self.factor(visit)
        if (norm, leaf, factor) not in self._settings:
            self._settings[norm, leaf, factor] = self._setting(norm, leaf, factor)
        return self._settings[norm, leaf, factor]

    def exempts(self, module: ModuleType) -> bool:
        """Whether there is a weight decay for norms, and the class is one."""
        return self.arguments.weight_decay_norm.value is not None and is_norm(module)

    def factor(self, visit: Visit) -> float:
        """Returns what the config's function makes of a parameter's name."""
        assert self._function is not None
        at = self.arguments.lr_factor_func.at
        name = searched(visit)
        try:
            factor = self._function(name)
        except Exception as error:  # foreign code
            raise self._config.error(
                f"the function raises {format_exception(error)}, for {quoted(name)}", *at
            ) from error
        if not isinstance(factor, Real) or not math.isfinite(factor) or factor < 0:
            message = f"the function returns {quoted(str(factor))} for {quoted(name)}, which is no number from 0 up"
            raise self._config.error(message, *at)
        return factor  # type: ignore[return-value]  # a Real behaves as a float does

    def of_name(self, leaf: str) -> list[tuple[Provenance, Path, frozenset[str]]]:
        """Returns the rules about all parameters of one name, where they stand, and which hyperparameters they set."""
        if leaf in self.arguments.overrides:
            at = ("paramwise_cfg", "overrides", leaf)
            rule = Provenance("overrides", leaf, self._config.location(*at))
            return [(rule, at, frozenset(self.arguments.overrides[leaf]))]
        lr, decay = self.arguments.bias_lr_factor, self.arguments.weight_decay_bias
        both = [(lr, frozenset({"lr"})), (decay, frozenset({"weight_decay"}))]
        return [(each.rule, each.at, words) for each, words in both if words <= self.overrides[leaf].keys()]

    def _base_decay_rule(self, section: str, key: str, decay: Argument) -> Provenance:
        if section == "solver" or decay.value is not None:
            at = ("solver", key) if section == "solver" else decay.at
            return Provenance("default", None, self._config.location(*at))
        return base_rule(self._config, "weight_decay")

    def _for_biases(self) -> dict[str, dict[str, Any]]:
        """The override that the options for biases come to; the grammar refuses them beside one of the same name."""
        given, made = self.arguments, {}
        if given.scales_biases:
            factor = given.bias_lr_factor
            made["lr"] = times(self._config, "base_lr", given.base_lr.value, factor.value, factor.at)
        if given.weight_decay_bias.value is not None:
            made["weight_decay"] = float(given.weight_decay_bias.value)
        return {"bias": made} if made else {}

    def _setting(self, norm: bool, leaf: str | None, factor: float | None) -> Setting:
        """What each step writes, in detectron2's order: a group's key is its items, in the order of their writing."""
        held = dict(self.base.written)
        lr_rule, decay_rule = self.base.lr_rule, self.base.weight_decay_rule
        extra = silent = None
        if norm:
            held["weight_decay"] = float(self.arguments.weight_decay_norm.value)
            decay_rule = self.arguments.weight_decay_norm.rule
        if factor is not None:
            function = self.arguments.lr_factor_func
            held["lr"] = times(self._config, "base_lr", self.arguments.base_lr.value, factor, function.at)
            lr_rule = function.rule
        if leaf is not None:
            held.update(self._override(leaf))
            for rule, _, words in self.of_name(leaf):
                lr_rule = rule if "lr" in words else lr_rule
                decay_rule = rule if "weight_decay" in words else decay_rule
                extra = rule if words - {"lr", "weight_decay"} else None
                silent = None if words else rule
        lr, decay = held.get("lr", self.base.lr), held.get("weight_decay", self.base.weight_decay)
        inert = self._facts.inert(held)
        more = {key: Value(held[key], extra or lr_rule) for key in held if key not in ("lr", "weight_decay")}
        return Setting.of(lr, decay, lr_rule, decay_rule, held, inert=inert, more=more, silent=silent)

    def _override(self, leaf: str) -> Iterator[tuple[str, Any]]:
        for word, value in self.overrides[leaf].items():
            try:
                hash(value)
            except TypeError as error:
                message = f"parameters are grouped by it; reduce_param_groups would raise {format_exception(error)}"
                at = ("paramwise_cfg", "overrides", leaf, word)
                raise self._config.error(message, *at, hint="from Python, give a tuple") from error
            yield word, float(value) if word in ("lr", "weight_decay") else value
