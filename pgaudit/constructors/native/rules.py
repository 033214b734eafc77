"""The rules of one config as rule chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import FROZEN, untouched
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided, Spans
from pgaudit.constructors.native.errors import PlainRule, rules_of
from pgaudit.constructors.native.match import Selector
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.findings import meant
from pgaudit.core.parameters import Visit
from pgaudit.core.schedule import OF_SCHEDULERS
from pgaudit.core.setting import Provenance, Setting, Value
from pgaudit.text import quoted, visible

_AT = "paramwise_cfg"
_MATCHED, _FREEZE, _SET = "matched", "freeze", "set "
"""Words for what rules decide beside lr and weight decay: that one matches at all, whether the parameter is left out,
and each setting of ``set``.
"""
_VALUES: Mapping[Decided, tuple[str, str]] = {"lr": ("lr", "lr_mult"), "weight_decay": ("weight_decay", "decay_mult")}


def chains_of(config: Config, defaults: OptimizerDefaults) -> RuleChains:
    """Returns the rules in the order of the list. The first that matches decides all, or the last what it states.

    Raises:
        ConfigError: a rule sets what nobody knows.
    """
    rules = _Rules(config, defaults)
    found, principle = list(rules.all()), rules.principle
    return RuleChains(found, rules.base, rules.setting, principle, order=found if rules.first_wins else found[::-1])


class _Rules:
    """What makes the rules of one config, and settings of those that win."""

    def __init__(self, config: Config, defaults: OptimizerDefaults) -> None:
        self._config = config
        self._defaults = defaults
        options = config.paramwise_cfg or {}
        self._rules = rules_of(options)
        self.first_wins = options.get("mode") == "first"
        self._unmatched: str = options.get("unmatched", "base")
        self.base = untouched(config, defaults)
        self._says: dict[Rule, Mapping[str, Any]] = {}
        self._keys = sorted({key for rule in self._rules for key in rule.says.get("set", {})})
        self._refuse_unknown_settings()

    def all(self) -> Iterator[Rule]:
        """Yields the rules; one with the label of an earlier one has a number."""
        labels: Counter[str] = Counter()
        for index, rule in enumerate(self._rules):
            label = rule.match.label
            labels[label] += 1
            key = label if labels[label] == 1 else f"{label} #{labels[label]}"
            made = self._made(rule, Provenance("rules", key, self._config.location(_AT, "rules", index)), index)
            self._says[made] = rule.says
            yield made

    def _made(self, rule: PlainRule, provenance: Provenance, index: int) -> Rule:
        says, by_name, selector = rule.says, rule.match.by_name, Selector(rule.match, self._defaults)
        states = frozenset(
            of for of, words in _VALUES.items() if says.get("freeze") or any(map(says.__contains__, words))
        )
        given = () if says.get("freeze") else _VALUES if self.first_wins else states
        gives: dict[Decided, Gives] = {of: partial(self._product, says, of, index) for of in _VALUES if of in given}
        keys = self._keys if self.first_wins else says.get("set", {})
        also = {_MATCHED, *(_SET + key for key in keys)}
        if self.first_wins or "freeze" in says:
            also.add(_FREEZE)
        return Rule(
            provenance,
            selector.matches,
            lambda visit, text: selector.says(text, visit.module, visit.ndim),
            gives,
            frozenset(also.union(_VALUES) if self.first_wins else also),
            (_AT, "rules", index),
            states,
            _whole if by_name else None,
            whole=True,
            by_kind=selector.by_kind,
        )

    def _product(self, says: Mapping[str, Any], of: Decided, index: int, visit: Visit) -> Computation:
        """The lr or the weight decay that a rule gives: its own number, or the base times its multiplier."""
        (value, mult), base = _VALUES[of], self.base.get(of)
        if value in says:
            return Computation(of, float(says[value]))
        if mult not in says:
            return Computation(of, base, note="the rule does not state it, and no other one is asked")
        at = (_AT, "rules", index, mult)
        if base is None:
            raise self._config.error(f"there is no {value} to multiply", *at, hint=f"give the optimizer a {value}")
        given = self._config.optimizer.get(value)
        result = times(self._config, value, base if given is None else given, says[mult], at)
        return Computation(of, result, base, says[mult])

    def setting(self, won: Winners, visit: Visit) -> Setting:
        """Returns what a group holds by the rules that won. Only what differs from the base is written into it, so that
        equal settings are written equally.
        """
        if not won and self._unmatched == "error":
            message = f"no rule is about {visible(visit.name)}, and `unmatched: error` forbids that"
            raise self._config.error(message, _AT, "unmatched")
        if not won and self._unmatched == "freeze":
            return Setting.left_out(Provenance("unmatched", None, self._config.location(_AT, "unmatched")))
        if _FREEZE in won and self._says[won[_FREEZE]].get("freeze"):
            return Setting.left_out(won[_FREEZE].provenance)
        found = {
            of: Value(won[of].gives[of](visit).result, won[of].provenance) if of in won else self.base.values[of]
            for of in _VALUES
        }
        deciders = ((key, won.get(_SET + key)) for key in self._keys)
        stated = {key: (self._says[rule].get("set", {}), rule.provenance) for key, rule in deciders if rule}
        more = {key: Value(words[key], rule) for key, (words, rule) in stated.items() if key in words}
        arguments = {**self._defaults.arguments, **self._config.optimizer, **self._defaults.filled_in}
        written: dict[str, Any] = {of: each.value for of, each in found.items() if each.value != self.base.get(of)}
        # null for what the class does not have: it is not set
        written |= {key: each.value for key, each in more.items() if repr(arguments.get(key)) != repr(each.value)}
        lr, decay = found["lr"], found["weight_decay"]
        if arguments.get("lr_scale") is not None:  # an argument of the class: all its groups hold it
            more.setdefault("lr_scale", Value(arguments["lr_scale"], lr.provenance))
        return Setting.of(lr.value, decay.value, lr.provenance, decay.provenance, written, more=more)

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """Says why one rule beats another."""
        if winner == FROZEN:
            return "what does not require a gradient is left out"
        if self.first_wins:
            return "the first rule that matches wins"
        if any(rule.provenance == winner and says.get("freeze") for rule, says in self._says.items()):
            return "what is frozen is left out, whatever else is said of it"
        return "later rules override what they state"

    def _refuse_unknown_settings(self) -> None:
        known = self._defaults.looked_for | OF_SCHEDULERS
        shown = sorted(key for key in known - {"lr", "weight_decay"} if not key.startswith("_"))
        for index, rule in enumerate(self._rules if self._defaults.looked_for else ()):
            for key in rule.says.get("set", {}):
                if key not in known:
                    hint = meant(key, known) or f"known: {', '.join(shown)}"
                    kind = visible(self._config.optimizer["type"])
                    at = (_AT, "rules", index, "set", key)
                    raise self._config.error(f"{kind} knows no setting {quoted(key)}", *at, hint=hint)


def _whole(text: str) -> Spans:
    return ((0, len(text)),)
