"""The custom keys and options of one config as rule chains."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import untouched
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.dialect import Dialect
from pgaudit.constructors.openmmlab.options import Option
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.location import Path
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

COPIED = "copied"
"""What a custom key decides beside lr and weight decay, which it decides even where it gives none: what is copied from
it into the group.
"""


def searched(visit: Visit) -> str:
    """Returns the name as custom keys are searched in it: with a leading dot at the root."""
    return f"{visit.prefix}.{visit.own}"


def chains_of(config: Config, defaults: OptimizerDefaults, dialect: Dialect) -> RuleChains:
    """Returns custom keys, then options. Where the options are forced, they win, and are told last all the same."""
    rules = _Rules(config, defaults, dialect)
    keys = [rules.of_key(key) for key in custom_keys.in_order(rules.custom)]
    options = [rules.of_option(option) for option in dialect.options if rules.asks(option)]
    forced = dialect.can_force and bool(rules.options.get("force_default_settings", False))
    order = [*options, *keys] if forced else [*keys, *options]
    return RuleChains([*keys, *options], rules.base, rules.setting, dialect.principle, text=searched, order=order)


class _Rules:
    """What makes the rules of one config, and settings of those that win."""

    def __init__(self, config: Config, defaults: OptimizerDefaults, dialect: Dialect) -> None:
        self._config = config
        self._defaults = defaults
        self._dialect = dialect
        self.options: Mapping[str, Any] = config.paramwise_cfg or {}
        self.custom: Mapping[str, Any] = self.options.get("custom_keys", {})
        self.base = untouched(config, defaults)
        self._decays = config.optimizer.get("weight_decay") is not None

    def of_key(self, key: str) -> Rule:
        """Returns a custom key as a rule: it decides both values, whichever it names."""
        at = ("paramwise_cfg", "custom_keys", key)
        stated, copies = self.custom[key], self._dialect.copies_settings
        gives: dict[Decided, Gives] = {"lr": partial(self._of_key, stated, "lr", "lr_mult", at)}
        if self._decays or (copies and "weight_decay" in stated):
            gives["weight_decay"] = partial(self._of_key, stated, "weight_decay", "decay_mult", at)
        named = (("lr", "lr_mult"), ("weight_decay", "decay_mult"))
        states = frozenset(of for of, mult in named if mult in stated or (copies and of in stated))
        return custom_keys.key_rule(self._config, key, gives, states, frozenset({COPIED, "weight_decay"}))

    def asks(self, option: Option) -> bool:
        """Whether the constructor asks if a parameter is an option's."""
        given = self.options.get(option.name) is not None
        return given or (self._dialect.asks_all and self._has_base(option))

    def _has_base(self, option: Option) -> bool:
        """Whether there is anything to multiply: without a weight decay, no option for it is looked at."""
        return self._decays or option.of == "lr"

    def of_option(self, option: Option) -> Rule:
        """Returns an option as a rule."""
        given, at = self.options.get(option.name) is not None, ("paramwise_cfg", option.name)
        has_base = self._has_base(option)
        return Rule(
            Provenance(option.name, None, self._config.location(*at)),
            lambda visit, _: has_base and option.matches(visit),
            lambda visit, _: option.says(visit) if has_base else "the optimizer has no weight_decay to multiply",
            {option.of: partial(self._product, self.options, option.of, option.name, at)},
            at=at if given else (),
            states=frozenset({option.of}),
            gives_base=not given,
        )

    def _of_key(self, stated: Mapping[str, Any], of: Decided, mult: str, at: Path, visit: Visit) -> Computation:
        """A number that is copied takes the place of a product, which is made all the same."""
        has_base = of == "lr" or self._decays
        product = self._product(stated, of, mult, at, visit) if has_base else None
        if self._dialect.copies_settings and of in stated:
            return Computation(of, float(stated[of]), note=f"the {mult} beside it is lost" if mult in stated else None)
        assert product is not None
        return product

    def _product(self, stated: Mapping[str, Any], of: Decided, mult: str, at: Path, visit: Visit) -> Computation:
        base, factor = self._config.optimizer.get(of), stated.get(mult, 1.0)
        if base is None:
            copied = self._dialect.copies_settings and at[1] == "custom_keys"
            raise self._config.error(
                f"there is no lr to multiply; {self._dialect.call} would raise TypeError: NoneType * float, at "
                f"{quoted(visit.name)}",
                *at,
                hint=f"give the optimizer an lr{'; it is multiplied even where the key has its own' if copied else ''}",
            )
        note = None if mult in stated else f"no {mult} given"
        return Computation(of, times(self._config, of, base, factor, at), base, factor, note)

    def setting(self, won: Winners, visit: Visit) -> Setting:
        """Returns what a group holds by the rules that won."""
        values: tuple[Decided, ...] = ("lr", "weight_decay")
        group: dict[str, Any] = {
            of: won[of].gives[of](visit).result for of in values if of in won and of in won[of].gives
        }
        decided = {of: self._decider(won.get(of), of) for of in values}
        lr, decay = group.get("lr", self.base.lr), group.get("weight_decay", self.base.weight_decay)
        if COPIED in won and self._dialect.copies_settings:
            copied = self.custom[won[COPIED].provenance.key or ""]
            group |= {word: value for word, value in copied.items() if won.get(word, won[COPIED]) is won[COPIED]}
        inert = self._defaults.inert(group)
        return Setting.of(lr, decay, decided["lr"], decided["weight_decay"], group, inert=inert)

    def _decider(self, rule: Rule | None, of: Decided) -> Provenance | None:
        """An option that is not given multiplies by 1: the base value holds."""
        return rule.provenance if rule and rule.sets(of) else self.base.provenance(of)
