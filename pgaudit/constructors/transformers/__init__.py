"""transformers' Trainer.create_optimizer: two groups, one with weight decay and one without.

Source of the semantics: transformers 5.23.0, ``trainer.py`` (``create_optimizer``, ``get_decay_parameter_names``),
``trainer_pt_utils.py`` (``get_parameter_names``) and the defaults of ``training_args.py``. The config's ``lr`` and
``weight_decay`` are TrainingArguments' ``learning_rate`` and ``weight_decay``; the weight decay goes to the groups
alone, and all other arguments to the optimizer's class. Nothing parameter-wise can be configured.

Trainer asks by a module's class and by expressions at once, and takes no note of which said no. Here the class is asked
first, then the expressions in their order. It searches them in a name's every end, down from the root; since each
begins anywhere, or after a dot, that is the same as one search in the whole.

The names that may decay come from Trainer's own walk over modules, the parameters from the model's own
``named_parameters()``. Where the model names them otherwise, as torch's ``checkpoint_wrapper`` does, the two do not
meet, and nothing decays. A TorchScript module does not let itself be walked so: Trainer raises TypeError.

Where the parameters that train lie on several device meshes, each of the two groups becomes one for each mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, OptimizerSpec, Unread
from pgaudit.constructors.basic import Basic, conflicts_of, refuse_circular, refuse_raising
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence, RuleEvaluation
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.profile import AS_GIVEN, FIRST, LEFT_OUT, Profile
from pgaudit.constructors.transformers.rules import asked_of, chains_of
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance

CALL = "transformers' get_parameter_names"

LEARNING_RATE = 5e-5
"""TrainingArguments' default."""


class Transformers(Basic):
    """No weight decay for layer norms, and for what is called bias or norm."""

    name = "transformers"
    title = "transformers Trainer.create_optimizer"
    aliases = ("Trainer",)
    nicknames = ("hf", "huggingface", "hugging_face", "trainer", "transformer")
    profile = Profile(
        names="five expressions, searched in lower case in the name and its ends; none to choose",
        lr="base",
        weight_decay="none below a LayerNorm, where an expression is found, or for a name that `get_parameter_names()` "
        "does not list, as in wrapped models (`unlisted_name`); else base",
        frozen=LEFT_OUT,
        tied=FIRST,
        groups="with and without decay, even if empty",
        begins=AS_GIVEN,
        unknown="it has no options; all are ignored",
    )
    example: Mapping[str, Any] | None = {}
    library = "transformers 5.23.0"

    def optimizer(self, config: Config) -> OptimizerSpec:
        """As Trainer calls the class: without a weight decay."""
        spec = super().optimizer(config)
        lr = spec.arguments.get("lr")
        rest = {key: value for key, value in spec.arguments.items() if key not in ("lr", "weight_decay")}
        return OptimizerSpec(spec.type, {"lr": LEARNING_RATE if lr is None else lr, **rest})

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """Trainer's own rules, none of which stands in the config."""
        return chains_of(inventory, config, defaults)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        refuse_circular(config, inventory, CALL, "constructor")
        refuse_raising(config, inventory, ["_parameters"], CALL, "constructor")
        refuse_raising(config, inventory, ["named_parameters"], "transformers' Trainer.create_optimizer", "constructor")
        chains = self.chains(inventory, config, defaults)
        asked = asked_of(inventory, chains)

        def decision(visit: Visit) -> Decision:
            setting = chains.decide(asked(visit))
            return Decision(setting, 0 if setting is chains.base else 1)

        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        for visit in inventory.visits:  # the first name of a tied parameter decides
            index = visit.index
            if decisions[index].group is None and inventory.parameters[index].trainable:
                decisions[index] = decision(visit)
        conflicts = conflicts_of(inventory, decisions, decision)
        return Decisions(_by_mesh(inventory, decisions), chains.base, conflicts, may_be_empty=True)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each occurrence with a parameter; all but the first are passed over."""
        chains = self.chains(inventory, config, defaults)
        first, *others = inventory.visits_of.get(index, (None,))
        if first is not None:
            yield Occurrence(first.name, tuple(chains.explain(asked_of(inventory, chains)(first))))
            for other in others:
                again = RuleEvaluation(Provenance("duplicate"), True, f"listed before, as {first.name}")
                yield Occurrence(other.name, (again,))

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        if config.paramwise_cfg:
            yield Unread(("paramwise_cfg",), frozenset(), FOREIGN_OPTIONS)


def _by_mesh(inventory: Inventory, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The groups split by device mesh, in the order in which each first stands in its group; an empty one is gone."""
    meshes = inventory.meshes
    trained = [index for index, decision in enumerate(decisions) if decision.group is not None]
    if meshes is None or len({meshes[index] for index in trained}) < 2:
        return tuple(decisions)
    places = {index: (decisions[index].group or 0, meshes[index]) for index in trained}
    groups: dict[tuple[int, int], int] = {}
    for index in sorted(trained, key=lambda index: places[index][0]):
        groups.setdefault(places[index], len(groups))
    return tuple(
        decision._replace(group=groups[places[index]]) if index in places else decision
        for index, decision in enumerate(decisions)
    )
