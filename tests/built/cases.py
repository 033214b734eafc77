"""Models and optimizers that are built by real libraries, and what those optimizers hold, said by torch alone."""

from __future__ import annotations

from typing import Any

from torch import nn, optim

from pgaudit.report import Report


class Net(nn.Module):
    """A convolution, a norm, a tied pair and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.bn = nn.BatchNorm2d(4)
        self.one = nn.Linear(4, 4, bias=False)
        self.two = nn.Linear(4, 4, bias=False)
        self.two.weight = self.one.weight
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(self.two(self.one(self.bn(self.conv(x)).mean((2, 3)))))


def grouped(model: nn.Module, kind: Any = optim.AdamW, **given: Any) -> Any:
    """An optimizer with a group for matrices, one without decay for vectors, and the head at its own lr."""
    named = list(model.named_parameters())
    head = [p for n, p in named if "fc." in n]
    rest = [p for n, p in named if "fc." not in n]
    groups = [
        {"params": [p for p in rest if p.ndim > 1]},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        {"params": head, "lr": 0.5},
    ]
    return kind(groups, **{"lr": 0.01, "weight_decay": 0.1, **given})


Claims = dict[str, list[tuple[int, int, float, float]]]


def claims_of(model: nn.Module, optimizers: list[Any]) -> Claims:
    """By the raw name of each parameter, the groups that hold its tensor: optimizer, index, lr, weight decay."""
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    found: Claims = {name: [] for name in names.values()}
    for at, each in enumerate(optimizers):
        for index, group in enumerate(each.param_groups):
            for tensor in group["params"]:
                if id(tensor) in names:
                    held = at, index, float(group["lr"]), float(group.get("weight_decay", 0))
                    found[names[id(tensor)]].append(held)
    return found


def told(report: Report) -> dict[str, Any]:
    """The report's own answer in the same form, and what else the tests look at, as JSON holds it."""
    groups = {(each.optimizer, each.index): each for each in report.groups}
    rows = {}
    for row in report:
        places = [] if row.group is None else [(row.optimizer or 0, row.group), *row.also_in]
        claims = [(*at, groups[at].lr, groups[at].weight_decay) for at in places]
        rows[row.name] = {"aliases": list(row.param.aliases), "claims": claims, "type": row.param.module_type}
    return {
        "rows": rows,
        "notes": list(report.notes),
        "types": [each.type for each in report.assignment.optimizers],
        "keys": [each.name for each in report.assignment.optimizers],
        "schedulers": len(report.as_built.schedulers) if report.as_built else 0,
        "groups": [[each.optimizer, each.index, each.parameters] for each in report.groups],
    }


def agreed(told: dict[str, Any], truth: Claims) -> None:
    """Asserts that each parameter of the model is in the groups that hold its tensor, and that no other row is called
    like a parameter of the model.
    """
    called = {raw: [name for name, row in told["rows"].items() if raw in (name, *row["aliases"])] for raw in truth}
    assert all(len(names) == 1 for names in called.values()), called
    for raw, claims in truth.items():
        found = told["rows"][called[raw][0]]
        assert [tuple(claim) for claim in found["claims"]] == [tuple(claim) for claim in claims], raw
    of_no_module = [name for name, row in told["rows"].items() if row["type"] is None]
    assert len(told["rows"]) == len(truth) + len(of_no_module)
