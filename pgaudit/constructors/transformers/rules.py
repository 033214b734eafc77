"""Trainer's rules as a rule chain. No config can change them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided, Spans
from pgaudit.constructors.rule import Gives, Rule, for_all
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, ModuleType, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.models.walk.families import LAYER_NORM, NORM_LIKE, NORMS
from pgaudit.text import visible

FORBIDDEN = (r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)")
"""The expressions that Trainer looks for, each in the name in small letters."""

_EXEMPT: dict[Decided, Gives] = {"weight_decay": lambda visit: Computation("weight_decay", 0.0)}
_STATES = frozenset({"weight_decay"})


def chains_of(inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
    """Returns what takes the weight decay from a parameter: its name is not listed, a layer norm, or its name. What
    none of these matches gets the base setting itself.
    """
    lr_rule, default = (Provenance("default", None, config.location("optimizer", of)) for of in ("lr", "weight_decay"))
    decay = float(config.optimizer.get("weight_decay") or 0.0)  # TrainingArguments' default
    base = Setting.of(defaults.lr, decay, lr_rule, default, {"weight_decay": decay})

    def setting(won: Winners, visit: Visit) -> Setting:
        exempt = won.get("weight_decay")
        return Setting.of(base.lr, 0.0, lr_rule, exempt.provenance, {"weight_decay": 0.0}) if exempt else base

    one_lr = for_all(lr_rule, Computation("lr", base.lr), "one lr for all parameters")
    rules = [*_unlisted(inventory), _in_layer_norm(), *map(_in_name, FORBIDDEN), one_lr]
    either = "either is enough"
    return RuleChains(rules, base, setting, lambda *_: either, text=_lowered, why_base="no rule matched")


def asked_of(inventory: Inventory, chains: RuleChains) -> Callable[[Visit], Visit]:
    """Returns what tells of an occurrence that the model names as what Trainer's own walk over modules meets it: among
    several of that name one that decays, if any does; where it meets none, as itself.
    """
    if inventory.listings is None:
        return lambda visit: visit
    met: dict[str, list[Visit]] = {}
    for visit in inventory.listings["_parameters"]:
        met.setdefault(visit.name, []).append(visit)
    return lambda visit: min(met.get(visit.name, [visit]), key=lambda each: chains.decide(each) is not chains.base)


def _unlisted(inventory: Inventory) -> Iterator[Rule]:
    """A name that ``get_parameter_names()`` does not list: Trainer decays only what that lists."""
    if inventory.listings is None:
        return
    listed = frozenset(visit.name for visit in inventory.listings["_parameters"])
    why = "Trainer decays what get_parameter_names() lists; that goes by modules, and has no such name"
    yield Rule(
        Provenance("unlisted_name"),
        lambda visit, _: visit.name not in listed,
        lambda *_: why,
        _EXEMPT,
        states=_STATES,
        ends=True,
    )


def _in_layer_norm() -> Rule:
    known: dict[tuple[int, int], bool] = {}

    def matches(visit: Visit, _: str) -> bool:
        key = id(visit.module), id(visit.parents)  # an inventory holds one object a class, and one a place
        found = known.get(key)
        if found is None:
            found = known[key] = _layer_norm_of(visit) is not None
        return found

    return Rule(Provenance("layer_norm"), matches, _about_norms, _EXEMPT, states=_STATES)


def _in_name(pattern: str) -> Rule:
    compiled, literal = re.compile(pattern), "norm" if "norm" in pattern else pattern

    def spans(text: str) -> Spans:
        return tuple(match.span() for match in compiled.finditer(text))

    return Rule(
        Provenance("forbidden_name", pattern),
        lambda _, text: literal in text and compiled.search(text),  # most names hold neither
        lambda _, text: "found in the name" if compiled.search(text) else "not found in the name",
        _EXEMPT,
        states=_STATES,
        spans=spans,
        regex=True,
    )


def _lowered(visit: Visit) -> str:
    return visit.name.lower()


def _layer_norm_of(visit: Visit) -> ModuleType | None:
    """Returns the class of the layer norm that a parameter is in, at whatever depth; the root is none to Trainer."""
    below_root = (*visit.parents[1:], visit.module) if visit.parents else ()
    return next((module for module in below_root if LAYER_NORM in module.bases), None)


def _about_norms(visit: Visit, _: str) -> str:
    norm, kind = _layer_norm_of(visit), visible(visit.module.short)
    if norm is not None:
        return "in a LayerNorm" if norm.name == LAYER_NORM else f"in a {visible(norm.short)}, which is a LayerNorm"
    if not visit.parents:
        return "of the root, whose class is not asked"
    if visit.module.families.isdisjoint({NORM_LIKE, *NORMS}):
        return f"{kind} is no LayerNorm"
    return f"{kind} is a norm, but no LayerNorm"
