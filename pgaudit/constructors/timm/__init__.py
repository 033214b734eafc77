"""timm's create_optimizer_v2.

Source of the semantics: timm 1.0.31, ``timm/optim/_param_groups.py`` and ``timm/optim/_optim_factory.py``. The config's
``optimizer`` holds what create_optimizer_v2 hands to the optimizer's class, ``paramwise_cfg`` what it makes groups by,
each under the name of its argument.

``type`` is its ``opt``: a name of timm's registry, in any case, with or without ``lookahead_`` before it. timm takes
nothing else, so classes and ``module:Class`` are refused here as there. The registry has arguments of its own: ``sgd``
(and so ``SGD``) is torch's class with nesterov momentum of 0.9. timm itself is asked for class and arguments.

timm's layer decay leaves the lr as it is, and writes a factor beside it that only timm's own schedulers read: see
``Setting.lr_scale``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.config import Config
from pgaudit.config.grammars.timm import CALL, TIMM
from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, OptimizerSpec
from pgaudit.constructors.basic import Basic, conflicts_of, refuse_raising
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.timm import evaluation
from pgaudit.constructors.timm.rules import TimmRole, TimmRules
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting

_UNNAMED = Decision(NOT_OPTIMIZED, None)
_FROZEN = Decision(Setting.left_out(Provenance("frozen")), None)


class Timm(Basic):
    """Groups by number of dimensions and by the model's own no_weight_decay() and group_matcher()."""

    grammar = TIMM
    library = "timm 1.0.31"
    options = evaluation.OPTIONS

    def optimizer(self, config: Config) -> OptimizerSpec:
        """The optimizer's own weight decay is 0: groups have it."""
        given = {key: value for key, value in config.optimizer.items() if key != "type"}
        decay = given.get("weight_decay", 0.0)
        return OptimizerSpec(
            config.optimizer["type"], {**given, "weight_decay": 0.0}, factory="timm", grouped={"weight_decay": decay}
        )

    def decide(self, inventory: Inventory, config: Config, facts: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        refuse_raising(config, inventory, ["named_parameters"], CALL, "constructor")
        rules = TimmRules(config, facts, inventory.hints)
        unnamed = inventory.unnamed
        roles = [
            rules.role(parameter) if parameter.trainable and index not in unnamed else None
            for index, parameter in enumerate(inventory.parameters)
        ]
        groups = _groups(rules, roles)
        decisions = [Decision(rules.setting(role), groups.get(role[:3])) if role else _FROZEN for role in roles]
        if unnamed:
            decisions = [_UNNAMED if index in unnamed else found for index, found in enumerate(decisions)]

        def under(visit: Visit) -> Decision:
            role = rules.role(inventory.parameters[visit.index]._replace(name=visit.name))
            return Decision(rules.setting(role), groups.get(role[:3]))

        conflicts = conflicts_of(inventory, decisions, under)
        if rules.layers is None:
            return Decisions(tuple(decisions), rules.base, conflicts)
        depths = tuple(role.layer if role else None for role in roles)
        return Decisions(tuple(decisions), rules.base, conflicts, depths, rules.layers.told_by)

    def patterns(self, config: Config, facts: OptimizerDefaults) -> Sequence[Pattern]:
        """Layer decay and its bounds; what is not decayed is the model's to say, or holds unless told otherwise."""
        return evaluation.patterns(config)

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return evaluation.principle(winner, loser)

    def evaluations(
        self, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        return evaluation.occurrences(inventory, config, facts, index)


def _groups(rules: TimmRules, roles: list[TimmRole | None]) -> dict[tuple[int | None, bool, bool], int]:
    """The indices of groups: as they are first met or, without layer decay, in an order of their own."""
    met = dict.fromkeys(role[:3] for role in dict.fromkeys(roles) if role and not rules.leaves_out(role))
    order = met if rules.layers else sorted(met, key=lambda key: (key[2], key[1]))
    return {key: place for place, key in enumerate(order)}
