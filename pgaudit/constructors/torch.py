"""torch itself, as most training scripts call it: ``Optimizer(model.parameters(), **arguments)``.

Source of the semantics: torch 2.15.0, ``torch/optim/optimizer.py`` (``Optimizer.__init__``, ``add_param_group``) and
``nn.Module.parameters``. All parameters become one group, a tied one once and frozen ones too; the class's own defaults
fill in what the config does not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.constructors.base import Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import Basic, explained_as_one_group, one_group, untouched
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.profile import AS_GIVEN, FIRST, Profile
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory

_WHY = "torch puts all parameters into one group"


class Torch(Basic):
    """One group of all parameters."""

    name = "torch"
    title = "torch's one group of model.parameters()"
    nicknames = ("pytorch", "torch.optim", "none", "default")
    profile = Profile(
        names="none: one setting for all",
        lr="base",
        weight_decay="base",
        frozen="in the group, and never updated",
        tied=FIRST,
        groups="one for all",
        begins=AS_GIVEN,
        unknown="it has no options; all are ignored",
    )
    example: Mapping[str, Any] | None = {}
    library = "torch 2.15.0"

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return one_group(inventory, untouched(config, defaults), config)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """The optimizer's own lr and weight decay, for all that ``parameters()`` gives."""
        return explained_as_one_group(inventory, untouched(config, defaults), index, _WHY)

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        if config.paramwise_cfg:
            yield Unread(("paramwise_cfg",), frozenset(), FOREIGN_OPTIONS)
