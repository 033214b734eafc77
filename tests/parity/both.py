"""pgaudit and a real library as one: they have to agree before a test looks at anything."""

from __future__ import annotations

from typing import Any

from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, refuses
from tests.parity.trees import Node, Spec, build

LR, DECAY = 0.5, 0.25  # powers of two: products are exact, so expected values can be read
SGD = {"type": "SGD", "lr": LR, "weight_decay": DECAY}


class Both:
    """Asks both sides about a model and the options of a `paramwise_cfg`."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle

    def agree(
        self, model: Node, optimizer: Any = SGD, *, tree: Spec | None = None, **paramwise_cfg: Any
    ) -> dict[str, tuple[float | None, float | None]]:
        """The (lr, weight decay) of each parameter, on which both agree."""
        case = case_of(model, optimizer, tree, paramwise_cfg)
        assert "error" not in self.oracle.ask(**case)
        compare(self.oracle, case)
        report = audit(build(case["model"]), case, self.oracle.constructor)
        return {p["name"]: (p["lr"], p["weight_decay"]) for p in report.to_dict()["params"]}

    def refuse(self, model: Node, optimizer: Any = SGD, *, tree: Spec | None = None, **paramwise_cfg: Any) -> str:
        """The exception that the real one raises, where pgaudit refuses or reports it too."""
        case = case_of(model, optimizer, tree, paramwise_cfg)
        answer = self.oracle.ask(**case)
        assert refuses(build(case["model"]), case, self.oracle.constructor)
        return f"{answer['error']['type']}: {answer['error']['message']}"


def case_of(model: Node, optimizer: Any, tree: Spec | None, paramwise_cfg: Any) -> Case:
    """One case; a `paramwise_cfg` among the options stands for what is not a dict of options."""
    if "paramwise_cfg" in paramwise_cfg:
        paramwise_cfg = paramwise_cfg["paramwise_cfg"]
    spec = {"root": model, **(tree or {})}
    return {"model": spec, "optimizer": optimizer, "paramwise_cfg": paramwise_cfg}
