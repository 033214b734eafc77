"""pgaudit and the real timm as one: they have to agree, also on what the optimizer's class is called with."""

from __future__ import annotations

from typing import Any, NamedTuple

import pgaudit
from tests.parity import trees
from tests.parity.answers import word
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, refuses
from tests.parity.trees import Spec

ADAMW = {"type": "adamw", "lr": 0.5, "weight_decay": 0.25}


class Group(NamedTuple):
    """One group as both sides have it."""

    names: tuple[str, ...]
    weight_decay: float
    lr_scale: float | None = None
    fallback: bool = False


class BothTimm:
    """Asks both sides about a model and the options of a `paramwise_cfg`."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle

    def report(self, spec: Spec, optimizer: Any = ADAMW, **paramwise_cfg: Any) -> pgaudit.Report:
        """What pgaudit says, once the real one has said the same."""
        case: Case = {"model": spec, "optimizer": dict(optimizer), "paramwise_cfg": paramwise_cfg}
        real = self.oracle.ask(**case)
        assert "error" not in real, real
        assert compare(self.oracle, case)
        report = audit(trees.build(spec), case, "timm")
        called = {
            key: word(value) for key, value in report.optimizer.call.items() if key not in ("type", "weight_decay")
        }
        assert {key: real["defaults"][key] for key in called} == called
        assert real["defaults"]["weight_decay"] == word(0.0)
        return report

    def groups(self, spec: Spec, optimizer: Any = ADAMW, **paramwise_cfg: Any) -> list[Group]:
        """The groups on which both agree."""
        report = self.report(spec, optimizer, **paramwise_cfg)
        found = []
        for group in report.groups:
            rows = [row for row in report.params if row.group == group.index]
            extra = rows[0].setting.extra
            assert rows[0].setting.lr_scale == extra.get("lr_scale")
            assert group.weight_decay is not None
            names = tuple(row.name for row in rows)
            found.append(Group(names, group.weight_decay, extra.get("lr_scale"), extra.get("use_fallback", False)))
        return found

    def refuse(self, spec: Spec, optimizer: Any = ADAMW, **paramwise_cfg: Any) -> str:
        """The exception that the real one raises, where pgaudit refuses too."""
        case: Case = {"model": spec, "optimizer": dict(optimizer), "paramwise_cfg": paramwise_cfg}
        error = self.oracle.ask(**case)["error"]
        assert refuses(trees.build(spec), case, "timm")
        return f"{error['type']}: {error['message']}"


def rules(report: pgaudit.Report, name: str) -> tuple[str, str]:
    """What decides a parameter's lr and its weight decay."""
    setting = report[name].setting
    assert setting.lr_rule is not None
    assert setting.weight_decay_rule is not None
    return setting.lr_rule.full, setting.weight_decay_rule.full
