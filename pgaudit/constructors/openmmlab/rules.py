"""The rules of one config, ready to be asked once a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config import Config
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule
from pgaudit.constructors.openmmlab.dialect import Chosen, Dialect
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted


class OpenMMLabRules:
    """The custom keys and options of one config, ready to be asked once a parameter."""

    def __init__(self, config: Config, facts: OptimizerDefaults, dialect: Dialect) -> None:
        self._config = config
        self._facts = facts
        self._dialect = dialect
        self.call = dialect.call
        self.keeps_frozen = dialect.keeps_frozen
        self.options: Mapping[str, Any] = config.paramwise_cfg or {}
        self.given = frozenset(name for name, mult in self.options.items() if mult is not None)
        self.base_lr = config.optimizer.get("lr")
        self.base_wd = config.optimizer.get("weight_decay")
        self.custom: Mapping[str, Any] = self.options.get("custom_keys", {})
        # The longest key wins; among equally long ones the first in the alphabet.
        self.keys = sorted(sorted(self.custom), key=len, reverse=True)
        self.forced = dialect.can_force and bool(self.options.get("force_default_settings", False))
        self.bypasses_frozen = dialect.bypasses_frozen
        self._forced: dict[tuple[str, Chosen], Setting] = {}
        self._by_key: dict[str, Setting] = {}
        self._by_options: dict[Chosen, Setting] = {}
        self._default_lr = base_rule(config, "lr")
        self._default_wd = base_rule(config, "weight_decay")
        lr, wd = facts.lr, facts.weight_decay
        self.untouched = Setting.of(lr, wd, self._default_lr, self._default_wd)
        frozen = Provenance("frozen")
        self.frozen = Setting.of(lr, wd, frozen, frozen) if dialect.keeps_frozen else Setting.left_out(frozen)

    def setting(self, visit: Visit) -> Setting:
        """Returns what a trainable parameter gets."""
        searched = f"{visit.prefix}.{visit.own}"  # with a leading dot at the root
        for key in self.keys:
            if key in searched:
                if self.forced:
                    return self._forced_setting(key, visit)
                if key not in self._by_key:
                    self._by_key[key] = self._custom_setting(key, visit)
                return self._by_key[key]
        chosen = self._dialect.choose(visit, self.given)
        if chosen not in self._by_options:
            self._by_options[chosen] = self._option_setting(*chosen, visit)
        return self._by_options[chosen]

    def refuse_without_channels(self, visit: Visit) -> None:
        """Raises ConfigError for a Conv2d that the library cannot ask for its channels, whoever owns it."""
        if visit.conv is not None and (visit.conv.in_channels is None or visit.conv.groups is None):
            raise self._config.error(
                f"a Conv2d without channels owns {quoted(visit.name)}; {self.call} would raise AttributeError",
                "paramwise_cfg",
            )

    def _custom_setting(self, key: str, visit: Visit) -> Setting:
        at = ("paramwise_cfg", "custom_keys", key)
        rule = Provenance("custom_keys", key, self._config.location(*at))
        sub = self.custom[key]
        group: dict[str, Any] = {"lr": self._multiplied_lr(sub.get("lr_mult", 1.0), visit, at)}
        if self.base_wd is not None:
            mult = sub.get("decay_mult", 1.0)
            group["weight_decay"] = times(self._config, "weight_decay", self.base_wd, mult, at)
        if self._dialect.copies_settings:
            group |= sub
        decay = float(group.get("weight_decay", self._facts.weight_decay))
        decay_rule = rule if "weight_decay" in group else self._default_wd
        return Setting.of(float(group["lr"]), decay, rule, decay_rule, group, inert=self._facts.inert(group))

    def _forced_setting(self, key: str, visit: Visit) -> Setting:
        """A custom key, and then the options."""
        chosen = self._dialect.choose(visit, self.given)
        found = self._forced.get((key, chosen))
        if found is None:
            custom, options = self._custom_setting(key, visit), self._option_setting(*chosen, visit)
            group = {**dict(custom.written), **dict(options.written)}
            of_lr = options if chosen[0] else custom
            of_decay = options if chosen[1] and self.base_wd is not None else custom
            found = self._forced[key, chosen] = Setting.of(
                of_lr.lr, of_decay.weight_decay, of_lr.lr_rule, of_decay.weight_decay_rule, group
            )
        return found

    def _option_setting(self, lr_option: str | None, wd_option: str | None, visit: Visit) -> Setting:
        written: dict[str, float] = {}
        lr, wd = self._facts.lr, self._facts.weight_decay
        lr_rule, wd_rule = self._default_lr, self._default_wd
        if lr_option:
            lr = self._multiplied_lr(self.options.get(lr_option, 1.0), visit, ("paramwise_cfg", lr_option))
            lr_rule = self._option_rule(lr_option, lr_rule)
            written["lr"] = lr
        if wd_option and self.base_wd is not None:
            mult = self.options.get(wd_option, 1.0)
            wd = times(self._config, "weight_decay", self.base_wd, mult, ("paramwise_cfg", wd_option))
            wd_rule = self._option_rule(wd_option, wd_rule)
            written["weight_decay"] = wd
        return Setting.of(lr, wd, lr_rule, wd_rule, written)

    def _option_rule(self, option: str, default: Provenance) -> Provenance:
        """An option that is not given multiplies by 1: the base value holds, though no later rule gets its turn."""
        return (
            Provenance(option, None, self._config.location("paramwise_cfg", option))
            if option in self.options
            else default
        )

    def _multiplied_lr(self, mult: float, visit: Visit, at: tuple[str, ...]) -> float:
        if self.base_lr is None:
            copied = self._dialect.copies_settings and at[1] == "custom_keys"
            raise self._config.error(
                f"there is no lr to multiply; {self.call} would raise TypeError: NoneType * float, at "
                f"{quoted(visit.name)}",
                *at,
                hint=f"give the optimizer an lr{'; it is multiplied even where the key has its own' if copied else ''}",
            )
        return times(self._config, "lr", self.base_lr, mult, at)
