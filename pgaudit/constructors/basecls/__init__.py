"""BaseCls' get_param_groups.

Source of the semantics: BaseCls 2f206e9, ``basecls/solver/weight_decay.py`` and ``basecls/solver/build.py``. BaseCls
runs on MegEngine; for a torch model two choices had to be made, and are documented here. Order: parameters are visited
as torch's ``named_parameters()`` visits them (MegEngine: alphabetically), which decides the order of groups and, for a
tied parameter, the name that is matched. Frozen parameters: get a group like any other, since MegEngine's have no
``requires_grad`` to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, OptimizerSpec, Unread
from pgaudit.constructors.basecls.policy import NORM_TYPES, read_policy
from pgaudit.constructors.basecls.rules import DEFAULT_LR, DEFAULT_WEIGHT_DECAY, chains_of, policy_of
from pgaudit.constructors.basic import Basic, refuse_raising
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.profile import AS_GIVEN, FIRST, IGNORED, Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance
from pgaudit.files.schemas import ANYTHING, FLAG, NON_NEGATIVE, NUMBER, TEXT, Schema, fields, mapping
from pgaudit.files.validation import Invalid

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "lamb": "timm.optim:Lamb", "lars": "timm.optim:Lars"}
"""BaseCls' names, and the torch classes that stand in for MegEngine's and BaseCls' own."""

READ = frozenset(
    """
    name optimizer basic_lr lr_min_factor momentum weight_decay nesterov betas always_adapt max_epoch warmup_epochs
    warmup_factor lr_schedule lr_decay_factor lr_decay_steps grad_clip accumulation_steps
    """.split()
)
"""The keys of ``solver``, of ``basecls/configs/base_cfg.py``."""


class BaseCls(Basic):
    """Weight decay by the first matching rule of a policy; one learning rate for all."""

    name = "basecls"
    title = "BaseCls get_param_groups"
    nicknames = ("megengine",)
    layouts = frozenset({"basecls"})
    scales_lr = True
    schemas: Mapping[str, Schema] = {
        "solver": mapping(
            {
                "optimizer": TEXT,
                **fields("basic_lr momentum", NON_NEGATIVE),
                "nesterov": FLAG,
                "betas": {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2},
                "always_adapt": FLAG,
                "weight_decay": ANYTHING,
            }
        )
    }
    profile = Profile(
        names="a pattern is an expression, searched in the name, or a class; the first rule wins",
        lr="basic_lr × world_size",
        weight_decay="the first rule that matches, else the policy's last number",
        frozen="in a group, under its rule",
        tied=FIRST,
        groups="one for each weight decay",
        begins=AS_GIVEN,
        unknown=IGNORED,
    )
    example: Mapping[str, Any] | None = {"solver": {"weight_decay": [[0, "bias"], [0, "NORM_TYPES"], 1.0]}}
    library = "BaseCls 2f206e9"
    options: Mapping[str, str] = {
        "basic_lr": "the lr of one process",
        "weight_decay": "a number, or rules [value, pattern] that end in one",
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        found = super().errors(layout)
        if isinstance(layout.solver, dict) and "weight_decay" in layout.solver:
            _, wrong = read_policy(layout.solver["weight_decay"])
            found += [each._replace(at=("solver", "weight_decay", *each.at)) for each in wrong]
        return found

    def optimizer(self, config: Config) -> OptimizerSpec:
        """``DefaultSolver.build_optimizer``: the lr scales with the number of processes, the optimizer's own weight
        decay is 0.
        """
        solver = config.solver or {}
        name = solver.get("optimizer", "sgd")
        if name not in OPTIMIZERS:
            raise config.error(
                f"BaseCls would raise NotImplementedError: Optimizer '{name}' not supported",
                "solver",
                "optimizer",
                hint=f"known: {', '.join(OPTIMIZERS)}",
            )
        lr = times(config, "basic_lr", solver.get("basic_lr", DEFAULT_LR), config.world_size, ("solver", "basic_lr"))
        arguments: dict[str, object] = {"lr": lr, "weight_decay": 0}
        if name in ("sgd", "lars"):
            arguments |= {"momentum": solver.get("momentum", 0.9), "nesterov": solver.get("nesterov", False)}
        else:
            arguments["betas"] = tuple(solver.get("betas", (0.9, 0.999)))
        if name in ("lamb", "lars"):
            arguments["always_adapt"] = solver.get("always_adapt", False)
        return OptimizerSpec(OPTIMIZERS[name], arguments, ("solver",), "optimizer", {"lr": "basic_lr"})

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """The types that rules match on."""
        return {
            ref: ("solver", "weight_decay", index, 1)
            for index, rule in enumerate(policy_of(config).rules)
            for ref in rule.types
            if isinstance(ref, str) and ref != NORM_TYPES
        }

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """The rules of the policy."""
        return chains_of(config, defaults)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains, groups = self.chains(inventory, config, defaults), dict[float | None, int]()
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        refuse_raising(config, inventory, ["named_parameters"], "a port of BaseCls", "constructor")
        for index in range(len(decisions)):
            if index not in inventory.unnamed:
                setting = chains.decide(inventory.first_name(index))
                decisions[index] = Decision(setting, groups.setdefault(setting.weight_decay, len(groups)))
        return Decisions(tuple(decisions), chains.base)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        visit = inventory.first_name(index)
        yield Occurrence(visit.name, tuple(self.chains(inventory, config, defaults).explain(visit)))

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        for option in config.solver or {}:
            if option not in READ:
                yield Unread(("solver", option), READ, FOREIGN_OPTIONS)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """Returns the config with a pattern written otherwise."""
        solver = config.solver or {}
        policy = solver.get("weight_decay")
        if rule.key is None or not isinstance(policy, (list, tuple)):
            return None
        written = [
            [item[0], to] if isinstance(item, (list, tuple)) and item[1] == rule.key else item for item in policy
        ]
        return replace(config, solver={**solver, "weight_decay": written})

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A rule that stands first, and so wins."""
        policy = (config.solver or {}).get("weight_decay", DEFAULT_WEIGHT_DECAY)
        rules = [*policy] if isinstance(policy, (list, tuple)) else [policy]
        return part, replace(config, solver={**(config.solver or {}), "weight_decay": [[0, part], *rules]})
