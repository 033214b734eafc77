"""How timm's rules are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.config import Config
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.timm.layers import LayerScales
from pgaudit.constructors.timm.rules import LEFT_OUT, TimmRole, TimmRules
from pgaudit.core.parameters import Inventory, Parameter, Visit
from pgaudit.core.setting import Provenance
from pgaudit.text import quoted

OPTIONS = {
    "filter_bias_and_bn": "no weight decay for vectors and biases (on unless told otherwise)",
    "layer_decay": "scales the scheduled lr by its power, layer by layer from the head",
    "layer_decay_min_scale": "the least scale of a layer",
    "layer_decay_no_opt_scale": "leaves out and freezes the layers of a lesser scale",
    "fallback_list": "globs of the parameters that a hybrid optimizer gives to its fallback",
    "fallback_no_weight_decay": "adds the model's no_weight_decay() to fallback_list",
}
"""What it reads in ``paramwise_cfg``, and what each option does."""

_LAYERED = ("layer_decay", "layer_decay_min_scale", LEFT_OUT)
_BOTH: frozenset[Decided] = frozenset({"lr", "weight_decay"})


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is passed over before any rule is asked"
    if winner.option == LEFT_OUT:
        return "the whole layer is left out"
    if winner.option in _LAYERED:
        return "the greater scale holds"
    return "the number of dimensions is asked for first"


def patterns(config: Config) -> list[Pattern]:
    """Returns layer decay and its bounds, where they are given. All parameters have a layer."""
    options = config.paramwise_cfg or {}
    if options.get("layer_decay") is None:
        return []
    return [_pattern(config, option) for option in _LAYERED if options.get(option)]


def _pattern(config: Config, option: str) -> Pattern:
    def find(visit: Visit) -> Spans:
        return ()

    def says(visit: Visit) -> str:
        return "every parameter has a layer"

    at = ("paramwise_cfg", option)
    return Pattern(Provenance(option, None, config.location(*at)), at, frozenset({"lr"}), find, says)


def occurrences(inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int) -> Iterator[Occurrence]:
    """Yields the one occurrence with a parameter; none where the model does not name it."""
    if index in inventory.unnamed:
        return
    tried = _Tried(config, facts, inventory)
    parameter = inventory.parameters[index]
    yield Occurrence(parameter.name, tuple(tried.asked(parameter) if parameter.trainable else tried.frozen()))


class _Tried:
    def __init__(self, config: Config, facts: OptimizerDefaults, inventory: Inventory) -> None:
        self._rules = TimmRules(config, facts, inventory.hints)
        self._hints = inventory.hints
        self._facts = facts

    def frozen(self) -> Iterator[RuleEvaluation]:
        """A parameter about which no rule is asked."""
        yield RuleEvaluation(Provenance("frozen"), True, "it is frozen: left out, without a word", (), _BOTH)

    def asked(self, parameter: Parameter) -> Iterator[RuleEvaluation]:
        """All rules for a trainable parameter."""
        role = self._rules.role(parameter)
        setting = self._rules.setting(role)
        layers = self._rules.layers
        if layers and role.layer is not None and layers.leaves_out(role.layer):
            why = f"{_scale(layers, role.layer)}, which is under {layers.threshold:g}: left out, and frozen"
            yield RuleEvaluation(self._rules.rule(LEFT_OUT), True, why, (), _BOTH)
            return
        yield from self._decay(parameter, role)
        if layers and role.layer is not None:
            yield from self._layer(layers, role.layer)
        else:
            yield RuleEvaluation(
                self._rules.lr_rule, True, "one lr for all", (Computation("lr", setting.lr),), frozenset({"lr"})
            )

    def _decay(self, parameter: Parameter, role: TimmRole) -> Iterator[RuleEvaluation]:
        rules = self._rules
        decides: frozenset[Decided] = frozenset({"weight_decay"})
        base = (Computation("weight_decay", rules.base.weight_decay),)
        if not rules.decay and not rules.layers:
            yield RuleEvaluation(rules.rule("default"), True, "there is no weight decay to take away", base, decides)
            return
        none = (Computation("weight_decay", 0.0),)
        filters = rules.rule("filter_bias_and_bn")
        if not rules.filters:
            yield RuleEvaluation(filters, False, "it is off")
        elif not rules.filtered(parameter):
            yield RuleEvaluation(filters, False, _shape(parameter, bool(rules.layers)))
        else:
            yield RuleEvaluation(filters, True, _shape(parameter, bool(rules.layers)), none, decides)
        key = rules.exempt(parameter.name)
        if key is None:
            yield RuleEvaluation(Provenance("no_weight_decay"), False, self._unnamed())
        elif role.option == "filter_bias_and_bn":
            beaten = rules.rule("no_weight_decay", None if key == parameter.name else key)
            why = "the model's no_weight_decay() names it"
            yield RuleEvaluation(beaten, True, why, none, frozenset(), filters, principle(filters, beaten))
        else:
            yield RuleEvaluation(
                rules.rule(role.option, role.key), True, "the model's no_weight_decay() names it", none, decides
            )
        if role.option == "default":
            yield RuleEvaluation(rules.rule("default"), True, "nothing takes the weight decay away", base, decides)

    def _unnamed(self) -> str:
        named = len(self._hints.no_weight_decay)
        return f"none of the {named} names in the model's no_weight_decay()" if named else "the model names none"

    def _layer(self, layers: LayerScales, layer: int) -> Iterator[RuleEvaluation]:
        """Layer decay, and the least scale where one is given."""
        rules = self._rules
        won = rules.rule(layers.option(layer))
        product = (Computation("lr", self._facts.lr, note="timm's schedulers scale it"),)
        for option in _LAYERED[:2]:
            if option not in rules.options or (option == "layer_decay_min_scale" and not layers.least):
                continue
            rule = rules.rule(option)
            least = option == "layer_decay_min_scale"
            why = f"at least {layers.least:g}" if least else _scale(layers, layer)
            if rule.option == won.option:
                yield RuleEvaluation(rule, True, why, product, frozenset({"lr"}))
            else:
                yield RuleEvaluation(
                    rule, not least, why, (), frozenset(), None if least else won, principle(won, rule)
                )


def _scale(layers: LayerScales, layer: int) -> str:
    power = layers.last - layer
    return f"layer {layer} of 0 to {layers.last}: scale {layers.decay:g} ** {power} = {layers.decay**power:.6g}"


def _shape(parameter: Parameter, layered: bool) -> str:
    dimensions = len(parameter.shape)
    if not dimensions and not parameter.numel:
        return "it has no shape yet, which torch takes for a vector"
    if dimensions <= 1:
        return f"it has {dimensions} dimension{'s' if dimensions != 1 else ''}"
    if not parameter.name.endswith(".bias"):
        return f"it has {dimensions} dimensions" + ("" if layered else f", and is no {quoted('.bias')}")
    return f"it has {dimensions} dimensions; layer decay asks for no name" if layered else "its name ends in .bias"
