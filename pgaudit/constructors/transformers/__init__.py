"""transformers' Trainer.create_optimizer: two groups, one with weight decay and one without.

Source of the semantics: transformers 5.23.0, ``trainer.py`` (``create_optimizer``, ``get_decay_parameter_names``),
``trainer_pt_utils.py`` (``get_parameter_names``) and the defaults of ``training_args.py``. The config's ``lr`` and
``weight_decay`` are TrainingArguments' ``learning_rate`` and ``weight_decay``; the weight decay goes to the groups
alone, and all other arguments to the optimizer's class. Nothing parameter-wise can be configured.

Trainer asks by a module's class and by expressions at once, and takes no note of which said no. Here the class is asked
first, then the expressions in their order. It searches them in a name's every end, down from the root; since each
begins anywhere, or after a dot, that is the same as one search in the whole. Parameters on several device meshes, which
Trainer splits into more groups, are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.config import Config
from pgaudit.config.grammars.transformers import TRANSFORMERS
from pgaudit.constructors.base import NOT_OPTIMIZED, Assignment, Decision, Facts, OptimizerSpec, Rule, Unread
from pgaudit.constructors.basic import Basic
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.sisters import SISTERS
from pgaudit.constructors.transformers import trials
from pgaudit.constructors.transformers.rules import Rules
from pgaudit.constructors.trials import Meeting
from pgaudit.inventory import Inventory
from pgaudit.text import quoted

CALL = "transformers' get_parameter_names"

LEARNING_RATE = 5e-5
"""TrainingArguments' default."""


class Transformers(Basic):
    """No weight decay for layer norms, and for what is called bias or norm."""

    grammar = TRANSFORMERS
    library = "transformers 5.23.0"

    def optimizer(self, config: Config) -> OptimizerSpec:
        """As Trainer calls the class: without a weight decay."""
        spec = super().optimizer(config)
        lr = spec.arguments.get("lr")
        rest = {key: value for key, value in spec.arguments.items() if key not in ("lr", "weight_decay")}
        return OptimizerSpec(spec.type, {"lr": LEARNING_RATE if lr is None else lr, **rest})

    def decide(self, inventory: Inventory, config: Config, facts: Facts) -> Assignment:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        if inventory.circular is not None:
            raise config.error(
                f"the module {quoted(inventory.circular)} contains itself; {CALL} would raise RecursionError",
                "constructor",
            )
        rules = Rules(config, facts)
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        listed = frozenset(inventory.whole)
        for visit in inventory.visits:  # the first name of a tied parameter decides
            index = visit.index
            if decisions[index].group is None and index in listed and inventory.parameters[index].trainable:
                decisions[index] = rules.decision(visit)
        return Assignment(tuple(decisions), rules.decayed, may_be_empty=True)

    def patterns(self, config: Config, facts: Facts) -> Sequence[Pattern]:
        """Trainer's own rules, none of which stands in the config."""
        return trials.PATTERNS

    def principle(self, winner: Rule, loser: Rule) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return trials.PRINCIPLE

    def trials(self, inventory: Inventory, config: Config, facts: Facts, index: int) -> Iterator[Meeting]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return trials.meetings(inventory, Rules(config, facts), index)

    def unread(self, config: Config, facts: Facts) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        if config.paramwise_cfg:
            yield Unread(("paramwise_cfg",), frozenset(), SISTERS)
