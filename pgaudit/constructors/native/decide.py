"""The rules of one config, ready to be asked once a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from pgaudit.config import Config
from pgaudit.config.grammars.rules import PlainRule, rules_of
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import untouched
from pgaudit.constructors.native.match import Named, Selector
from pgaudit.core.parameters import Inventory, ModuleType
from pgaudit.core.setting import Provenance, Setting, Value
from pgaudit.text import did_you_mean, quoted, visible

OF_SCHEDULERS = frozenset({"lr_scale", "initial_lr"})
"""What schedulers, torch's and timm's, look for in a group, beside what the optimizer's class does."""

View = tuple[str, ModuleType, int]
"""One name of a parameter, the class of the module that has it there, and the tensor's dimensions."""


class RuleList:
    """The rules of one config, ready to be asked once a parameter."""

    def __init__(self, config: Config, facts: OptimizerDefaults) -> None:
        self._config = config
        self._facts = facts
        options = config.paramwise_cfg or {}
        self.rules: Sequence[PlainRule] = rules_of(options)
        self.first_wins = options.get("mode") == "first"
        self.unmatched: str = options.get("unmatched", "base")
        self.matchers = [Selector(rule.match, facts) for rule in self.rules]
        self.names = [self._rule(index) for index in range(len(self.rules))]
        """The rules as others know them; one that matches what an earlier one does has a number."""
        self.base = untouched(config, facts)
        frozen = Provenance("frozen")
        self.frozen = Setting.left_out(frozen)
        """The settings, by id, of what a rule freezes."""
        self._settings: dict[tuple[int, ...], Setting] = {}
        self._open: dict[tuple[int, int], list[tuple[int, Named]]] = {}
        """The rules that can match in modules of a class, with as many dimensions, and what they ask of names."""
        self._effects: dict[int, object] = {}
        self._refuse_unknown_settings()

    def _rule(self, index: int) -> Provenance:
        label = self.rules[index].match.label
        earlier = sum(rule.match.label == label for rule in self.rules[:index])
        key = f"{label} #{earlier + 1}" if earlier else label
        return Provenance("rules", key, self._config.location("paramwise_cfg", "rules", index))

    def setting(self, inventory: Inventory, index: int) -> Setting:
        """Returns what a trainable parameter gets.

        Raises:
            ConfigError: its names get different settings, or no rule speaks about it and the config forbids that.
        """
        first, *others = views_of(inventory, index)
        setting = self.of(first)
        for other in others:
            if self.effect(self.of(other)) != self.effect(setting):
                self._refuse_tied((first[0], setting), (other[0], self.of(other)))
        return setting

    def of(self, view: View) -> Setting:
        """Returns what a trainable parameter gets under one of its names."""
        matched = self.matching(view)
        if not matched and self.unmatched == "error":
            name = visible(view[0])
            message = f"no rule is about {name}, and `unmatched: error` forbids that"
            raise self._config.error(message, "paramwise_cfg", "unmatched")
        if matched not in self._settings:
            self._settings[matched] = self._made(matched)
        return self._settings[matched]

    def matching(self, view: View) -> tuple[int, ...]:
        """Returns the rules that match, by their places; where the first wins, at most one."""
        name, module, ndim = view
        open_rules = self._open.get((id(module), ndim))  # an inventory holds one object a class
        if open_rules is None:
            asked = ((index, matcher.left_to_names(module, ndim)) for index, matcher in enumerate(self.matchers))
            open_rules = self._open[id(module), ndim] = [(index, named) for index, named in asked if named is not None]
        if self.first_wins:
            return next(((index,) for index, named in open_rules if named(name)), ())
        return tuple([index for index, named in open_rules if named(name)])

    def effect(self, setting: Setting) -> object:
        """Returns what is equal for settings that come to the same."""
        known = self._effects.get(id(setting))
        if known is None:
            known = (setting.excluded is not None, setting.lr, setting.weight_decay, repr(setting.extra))
            self._effects[id(setting)] = known
        return known

    def _made(self, matched: tuple[int, ...]) -> Setting:
        """Later rules override what they state; where the first one wins, it decides all, whatever it states."""
        decided = _Decided(self.base)
        if not matched and self.unmatched == "freeze":
            decided.freezing = Provenance("unmatched", None, self._config.location("paramwise_cfg", "unmatched"))
        for index in matched:
            rule, says = self.names[index], self.rules[index].says
            if "freeze" in says:
                decided.freezing = rule if says["freeze"] else None
            if self.first_wins or "lr" in says or "lr_mult" in says:
                decided.lr, decided.lr_rule = self.value(index, "lr"), rule
            if self.first_wins or "weight_decay" in says or "decay_mult" in says:
                decided.decay, decided.decay_rule = self.value(index, "weight_decay"), rule
            decided.extra |= {key: (value, rule) for key, value in says.get("set", {}).items()}
        if decided.freezing is None:
            arguments = {**self._facts.arguments, **self._config.optimizer, **self._facts.filled_in}
            return decided.setting(self.base, arguments)
        return Setting.left_out(decided.freezing)

    def value(self, index: int, of: str) -> float | None:
        """Returns the lr or the weight decay that a rule gives: its own number, or the base times its multiplier."""
        value, mult = ("lr", "lr_mult") if of == "lr" else ("weight_decay", "decay_mult")
        says = self.rules[index].says
        base = self.base.lr if of == "lr" else self.base.weight_decay
        if value in says:
            return float(says[value])
        if mult not in says:
            return base
        at = ("paramwise_cfg", "rules", index, mult)
        if base is None:
            raise self._config.error(f"there is no {value} to multiply", *at, hint=f"give the optimizer a {value}")
        given = self._config.optimizer.get(value)
        return times(self._config, value, base if given is None else given, says[mult], at)

    def _refuse_tied(self, first: tuple[str, Setting], other: tuple[str, Setting]) -> None:
        both = " and ".join(f"{visible(name)} ({self._words(setting)})" for name, setting in (first, other))
        rules = [rule for _, setting in (first, other) for rule in (setting.lr_rule, setting.weight_decay_rule)]
        at = next((index for index, rule in enumerate(self.names) if rule in rules), None)
        where = ("paramwise_cfg",) if at is None else ("paramwise_cfg", "rules", at)
        message = f"one tensor has two names, and the rules give them two settings: {both}"
        raise self._config.error(message, *where, hint="let the same rules match both names")

    def _words(self, setting: Setting) -> str:
        if setting.excluded:
            return "left out"
        extra = "".join(f", {visible(key)} {visible(value)}" for key, value in setting.extra.items())
        return f"lr {setting.lr:g}, weight decay {setting.weight_decay:g}{extra}"

    def _refuse_unknown_settings(self) -> None:
        known = self._facts.looked_for | OF_SCHEDULERS
        for index, rule in enumerate(self.rules):
            for key in rule.says.get("set", {}) if self._facts.looked_for else ():
                if key not in known:
                    hint = did_you_mean(key, known) or f"known: {', '.join(sorted(known - {'lr', 'weight_decay'}))}"
                    kind = visible(self._config.optimizer["type"])
                    at = ("paramwise_cfg", "rules", index, "set", key)
                    raise self._config.error(f"{kind} knows no setting {quoted(key)}", *at, hint=hint)


@dataclass
class _Decided:
    """What the rules so far have come to for one parameter."""

    base: InitVar[Setting]
    lr: float | None = None
    decay: float | None = None
    lr_rule: Provenance | None = None
    decay_rule: Provenance | None = None
    freezing: Provenance | None = None
    extra: dict[str, tuple[Any, Provenance]] = field(default_factory=dict)

    def __post_init__(self, base: Setting) -> None:
        self.lr, self.decay = base.lr, base.weight_decay
        self.lr_rule, self.decay_rule = base.lr_rule, base.weight_decay_rule

    def setting(self, base: Setting, arguments: Mapping[str, Any]) -> Setting:
        """Only what differs from the base is written into the group, so that equal settings are written equally."""
        written: list[tuple[str, Any]] = []
        if self.lr != base.lr:
            written.append(("lr", self.lr))
        if self.decay != base.weight_decay:
            written.append(("weight_decay", self.decay))
        for key in sorted(self.extra):
            value = self.extra[key][0]
            if repr(arguments.get(key)) != repr(value):  # null for what the class does not have: it is not set
                written.append((key, value))
        more = {key: Value(value, rule) for key, (value, rule) in self.extra.items()}
        if arguments.get("lr_scale") is not None:  # an argument of the class: all its groups hold it
            more.setdefault("lr_scale", Value(arguments["lr_scale"], self.lr_rule))
        return Setting.of(self.lr, self.decay, self.lr_rule, self.decay_rule, written, more=more)


def views_of(inventory: Inventory, index: int) -> Iterator[View]:
    """Yields a parameter as it is under each of its names, the first one first."""
    visits = inventory.visits_of[index]
    if inventory.listings is not None:  # the model's own names, and no others
        yield from ((visit.name, visit.module, visit.ndim) for visit in visits)
        return
    if len(visits) == 1 and not inventory.parameters[index].aliases:
        yield visits[0].name, visits[0].module, visits[0].ndim
        return
    known = {visit.name: visit.module for visit in visits}
    # A name that a walk passes over is a second one in the same parent, of a module that it has met there.
    module = visits[0].module
    for name in (inventory.parameters[index].name, *inventory.parameters[index].aliases):
        module = known.get(name, module)
        yield name, module, visits[0].ndim
