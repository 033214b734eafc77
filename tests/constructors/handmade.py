"""A constructor whose config says outright what each group holds, for all that only some libraries write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pgaudit.constructors import CONSTRUCTORS, Basic, Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import untouched
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import Provenance, Setting

INERT = frozenset({"lr_mult", "note"})


class Handmade(Basic):
    """``paramwise_cfg: {groups: {prefix: {lr, weight_decay, lr_scale, ...}}}``: the first prefix of a name wins.

    Schedulers read ``lr_scale``, unless ``scheduled: false`` stands beside it. Nothing reads ``lr_mult`` and ``note``.
    """

    name = "handmade"
    title = "what the config says"
    library = "handmade 1.0"
    options = {"groups": "the groups"}

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        base = untouched(config, defaults)
        groups = (config.paramwise_cfg or {}).get("groups", {})
        settings = {prefix: self._setting(config, prefix, dict(held), base) for prefix, held in groups.items()}
        decisions = []
        for index, parameter in enumerate(inventory.parameters):
            found = next((setting for prefix, setting in settings.items() if parameter.name.startswith(prefix)), base)
            decisions.append(Decision(found, index))
        return Decisions(tuple(decisions), base)

    def _setting(self, config: Config, prefix: str, held: dict[str, object], base: Setting) -> Setting:
        rule = Provenance("groups", prefix, config.location("paramwise_cfg", "groups", prefix))
        lr, decay = held.get("lr", base.lr), held.get("weight_decay", base.weight_decay)
        inert = INERT if held.pop("scheduled", True) else INERT | {"lr_scale"}
        assert isinstance(lr, float)
        assert isinstance(decay, float)
        return Setting.of(lr, decay, rule, rule, held, inert=inert)


@contextmanager
def registered() -> Iterator[None]:
    """Makes the constructor known while a test runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONSTRUCTORS, "handmade", Handmade())
        yield
