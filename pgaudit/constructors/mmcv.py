"""mmcv 1.x' DefaultOptimizerConstructor.

Source of the semantics: mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py`` (unchanged since 1.7.0).
Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config import Config
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import NOT_OPTIMIZED, Assignment, Conflict, Decision, Facts, OptimizerSpec, Rule, Setting
from pgaudit.inventory import Inventory, Visit
from pgaudit.inventory.families import NORMS
from pgaudit.text import quoted

_CALL = "mmcv's DefaultOptimizerConstructor.add_params"


class Mmcv:
    """The constructor that mmcv 1.x, and with it mmcls, mmdet 2 and mmseg 0, use unless told otherwise."""

    name = "mmcv"
    library = "mmcv 1.7.2"
    unwraps_module = True

    def optimizer(self, config: Config) -> OptimizerSpec:
        """``build_from_cfg``: ``type`` names the class, all else are its arguments."""
        arguments = {key: value for key, value in config.optimizer.items() if key != "type"}
        return OptimizerSpec(config.optimizer["type"], arguments)

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """mmcv's options name no classes."""
        return {}

    def decide(self, inventory: Inventory, config: Config, facts: Facts) -> Assignment:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = _Rules(config, facts)
        if not config.paramwise_cfg:
            return _one_group(inventory, rules, config)
        if inventory.circular is not None:
            raise config.error(
                f"the module {quoted(inventory.circular)} contains itself; {_CALL} would raise RecursionError",
                "paramwise_cfg",
                hint="only an empty paramwise_cfg works with such a model",
            )
        return _one_group_each(inventory, rules, bypass=bool(config.paramwise_cfg.get("bypass_duplicate", False)))


def _one_group(inventory: Inventory, rules: _Rules, config: Config) -> Assignment:
    """``model.parameters()``: each parameter once, frozen ones too, and nobody asks which are frozen."""
    if not inventory.whole:
        raise config.error("the model's parameters() yields none; torch would raise ValueError", "optimizer")
    decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
    for index in inventory.whole:
        decisions[index] = Decision(rules.untouched, 0)
    return Assignment(tuple(decisions), rules.untouched)


def _one_group_each(inventory: Inventory, rules: _Rules, *, bypass: bool) -> Assignment:
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions: list[Decision | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    groups = 0
    for visit in inventory.visits:
        index = visit.index
        first = decisions[index] is None
        if trainable[index]:
            if bypass and not first:
                continue
            setting = rules.setting(visit)
        else:
            setting = rules.frozen  # appended before anything asks whether it is a duplicate
        if first:
            decisions[index] = Decision(setting, groups)
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    conflicts = tuple(
        Conflict(index, ((inventory.parameters[index].name, decided.setting), *meetings))
        for index, meetings in sorted(again.items())
        if (decided := decisions[index]) is not None
    )
    left = Decision(NOT_OPTIMIZED, None)
    return Assignment(tuple(decided or left for decided in decisions), rules.untouched, conflicts)


def _options_for(visit: Visit) -> tuple[str | None, str | None]:
    """Returns the options that speak about a parameter's lr and weight decay where no custom key does."""
    in_dcn = visit.parent is not None and "deform_conv" in visit.parent.families
    is_norm = not NORMS.isdisjoint(visit.module.families)
    plain_bias = visit.own == "bias" and not in_dcn
    lr_option = wd_option = None
    if plain_bias and not is_norm:
        lr_option = "bias_lr_mult"
    if in_dcn and visit.conv is not None and "conv_offset" in visit.prefix:
        lr_option = "dcn_offset_lr_mult"
    # An option captures its parameters even where it is not given, and multiplies by 1.
    if is_norm:
        wd_option = "norm_decay_mult"
    elif visit.conv is not None and visit.conv.depthwise:
        wd_option = "dwconv_decay_mult"
    elif plain_bias:
        wd_option = "bias_decay_mult"
    return lr_option, wd_option


class _Rules:
    """The options of one config, ready to be asked once a parameter."""

    def __init__(self, config: Config, facts: Facts) -> None:
        self._config = config
        self._facts = facts
        self._options: Mapping[str, Any] = config.paramwise_cfg or {}
        self._base_lr = config.optimizer.get("lr")
        self._base_wd = config.optimizer.get("weight_decay")
        self._custom: Mapping[str, Any] = self._options.get("custom_keys", {})
        # The longest key wins; among equally long ones the first in the alphabet.
        self._keys = sorted(sorted(self._custom), key=len, reverse=True)
        self._by_key: dict[str, Setting] = {}
        self._by_options: dict[tuple[str | None, str | None], Setting] = {}
        self._default_lr = self._default("lr", self._base_lr)
        self._default_wd = self._default("weight_decay", self._base_wd)
        lr, wd = facts.lr, facts.weight_decay
        self.untouched = Setting(lr, wd, self._default_lr, self._default_wd)
        self.frozen = Setting(lr, wd, Rule("frozen"), Rule("frozen"))

    def setting(self, visit: Visit) -> Setting:
        """Returns what a trainable parameter gets."""
        self._refuse_conv_without_channels(visit)
        searched = f"{visit.prefix}.{visit.own}"  # with a leading dot at the root
        for key in self._keys:
            if key in searched:
                if key not in self._by_key:
                    self._by_key[key] = self._custom_setting(key, visit)
                return self._by_key[key]
        options = _options_for(visit)
        if options not in self._by_options:
            self._by_options[options] = self._option_setting(*options, visit)
        return self._by_options[options]

    def _refuse_conv_without_channels(self, visit: Visit) -> None:
        if visit.conv is not None and (visit.conv.in_channels is None or visit.conv.groups is None):
            raise self._config.error(
                f"a Conv2d without channels owns {quoted(visit.name)}; {_CALL} would raise AttributeError",
                "paramwise_cfg",
            )

    def _custom_setting(self, key: str, visit: Visit) -> Setting:
        at = ("paramwise_cfg", "custom_keys", key)
        rule = Rule("custom_keys", key, self._config.position(*at))
        sub = self._custom[key]
        lr = self._multiplied_lr(sub.get("lr_mult", 1.0), visit, at)
        if self._base_wd is None:
            return Setting(lr, self._facts.weight_decay, rule, self._default_wd, (("lr", lr),))
        wd = times(self._config, "weight_decay", self._base_wd, sub.get("decay_mult", 1.0), at)
        return Setting(lr, wd, rule, rule, (("lr", lr), ("weight_decay", wd)))

    def _option_setting(self, lr_option: str | None, wd_option: str | None, visit: Visit) -> Setting:
        overrides: list[tuple[str, float]] = []
        lr, wd = self._facts.lr, self._facts.weight_decay
        lr_rule, wd_rule = self._default_lr, self._default_wd
        if lr_option:
            lr = self._multiplied_lr(self._options.get(lr_option, 1.0), visit, ("paramwise_cfg", lr_option))
            lr_rule = self._option_rule(lr_option, lr_rule)
            overrides.append(("lr", lr))
        if wd_option and self._base_wd is not None:
            mult = self._options.get(wd_option, 1.0)
            wd = times(self._config, "weight_decay", self._base_wd, mult, ("paramwise_cfg", wd_option))
            wd_rule = self._option_rule(wd_option, wd_rule)
            overrides.append(("weight_decay", wd))
        return Setting(lr, wd, lr_rule, wd_rule, tuple(overrides))

    def _option_rule(self, option: str, default: Rule) -> Rule:
        """An option that is not given multiplies by 1: the base value holds, though no later rule gets its turn."""
        return (
            Rule(option, None, self._config.position("paramwise_cfg", option)) if option in self._options else default
        )

    def _default(self, value: str, base: Any) -> Rule:
        if base is None:
            return Rule("optimizer_default")
        return Rule("default", None, self._config.position("optimizer", value))

    def _multiplied_lr(self, mult: float, visit: Visit, at: tuple[str, ...]) -> float:
        if self._base_lr is None:
            raise self._config.error(
                f"there is no lr to multiply; {_CALL} would raise TypeError: NoneType * float, at {quoted(visit.name)}",
                *at,
                hint="give the optimizer an lr",
            )
        return times(self._config, "lr", self._base_lr, mult, at)
