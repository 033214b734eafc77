"""Trainer's rules, ready to be asked once a parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pgaudit.config import Config
from pgaudit.constructors.base import Decision, OptimizerDefaults
from pgaudit.core.parameters import Inventory, ModuleType, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.models.walk.families import LAYER_NORM

FORBIDDEN = (r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)")
"""The expressions that Trainer looks for, each in the name in small letters."""

NORM_RULE = Provenance("layer_norm")
UNLISTED_RULE = Provenance("unlisted_name")
"""For a name that ``get_parameter_names()`` does not list: Trainer decays only what that lists."""
NAME_RULES = tuple((Provenance("forbidden_name", pattern), re.compile(pattern)) for pattern in FORBIDDEN)


def layer_norm_of(visit: Visit) -> ModuleType | None:
    """Returns the class of the layer norm that a parameter is in, at whatever depth; the root is none to Trainer."""
    below_root = (*visit.parents[1:], visit.module) if visit.parents else ()
    return next((module for module in below_root if LAYER_NORM in module.bases), None)


class TransformersRules:
    """The two settings, and which parameter gets which."""

    def __init__(self, config: Config, facts: OptimizerDefaults, inventory: Inventory) -> None:
        given = config.optimizer.get("weight_decay")
        decay = 0.0 if given is None else float(given)  # TrainingArguments' default
        self._lr = facts.lr
        self._lr_rule = Provenance("default", None, config.location("optimizer", "lr"))
        default = Provenance("default", None, config.location("optimizer", "weight_decay"))
        self.decayed = Setting.of(self._lr, decay, self._lr_rule, default, {"weight_decay": decay})
        self._decay = Decision(self.decayed, 0)
        self._of_norms = Decision(self._exempt(NORM_RULE), 1)
        self._by_name = [(pattern.search, Decision(self._exempt(rule), 1)) for rule, pattern in NAME_RULES]
        self._unlisted = Decision(self._exempt(UNLISTED_RULE), 1)
        self._in_norm: dict[tuple[int, int], bool] = {}
        self._met: dict[str, list[Visit]] | None = None
        if inventory.listings is not None:
            self._met = {}
            for visit in inventory.listings["_parameters"]:
                self._met.setdefault(visit.name, []).append(visit)

    def met(self, visit: Visit) -> Sequence[Visit]:
        """Returns what Trainer's own walk over modules finds under a name that the model gives."""
        return [visit] if self._met is None else self._met.get(visit.name, [])

    def decision(self, visit: Visit) -> Decision:
        """Returns what a trainable parameter gets: group 0 has weight decay, group 1 has none."""
        if self._met is None:
            return self._decided(visit)
        decisions = [self._decided(met) for met in self.met(visit)]
        return min(decisions, key=lambda decision: decision.group or 0, default=self._unlisted)

    def _decided(self, visit: Visit) -> Decision:
        key = id(visit.module), id(visit.parents)  # an inventory holds one object a class, and one a place
        in_norm = self._in_norm.get(key)
        if in_norm is None:
            in_norm = self._in_norm[key] = layer_norm_of(visit) is not None
        if in_norm:
            return self._of_norms
        name = visit.name.lower()
        if "bias" not in name and "norm" not in name:  # every expression has one of the two in it
            return self._decay
        for search, exempt in self._by_name:
            if search(name):
                return exempt
        return self._decay

    def _exempt(self, rule: Provenance) -> Setting:
        return Setting.of(self._lr, 0.0, self._lr_rule, rule, {"weight_decay": 0.0})
