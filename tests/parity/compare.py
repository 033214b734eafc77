"""Asks pgaudit and a real library the same question, and insists on the same answer."""

from __future__ import annotations

from typing import Any

from torch import nn

import pgaudit
from tests.parity import trees
from tests.parity.client import Oracle

Case = dict[str, Any]
"""`model`, `optimizer` and perhaps `paramwise_cfg`, as the oracle reads them; see there."""

Group = tuple[list[str], str, str]
"""Names, lr and weight decay; numbers as `float.hex()`, so that equal means equal bit for bit."""


def audit(model: nn.Module, case: Case) -> pgaudit.Report:
    """pgaudit's answer."""
    config = {key: value for key, value in case.items() if key in ("optimizer", "paramwise_cfg")}
    return pgaudit.audit(model, {"constructor": "mmcv", **config})


def compare(oracle: Oracle, case: Case, model: nn.Module | None = None, **how: Any) -> int:
    """Compares every parameter of a case; returns how many settings were compared.

    Where the real library raises, pgaudit has to refuse the config or to report an error.
    """
    real = oracle.ask(**case, **how)
    if model is None:
        model = trees.build(case["model"])
    if "error" in real:
        assert refuses(model, case), f"the real one raises {real['error']}"
        return 0
    report = audit(model, case).to_dict()
    assert our_groups(report) == real_groups(real)
    assert not reports_duplicates(report)
    assert_consistent(report, model)
    return 2 * sum(len(group["names"]) for group in real["groups"])


def refuses(model: nn.Module, case: Case) -> bool:
    """Whether pgaudit says, in either of its ways, that this cannot be built."""
    try:
        report = audit(model, case).to_dict()
    except pgaudit.PgauditError:
        return True
    return reports_duplicates(report)


def reports_duplicates(report: dict[str, Any]) -> bool:
    """Whether pgaudit foresees that torch refuses a parameter in two groups."""
    findings = [(finding["code"], finding["severity"]) for finding in report["findings"]]
    return ("PG009", "error") in findings


def real_groups(answer: dict[str, Any]) -> list[Group]:
    """The groups of the real optimizer. One without weight decay (Rprop) decays nothing."""
    zero = (0.0).hex()
    assert not any(group["extra"] for group in answer["groups"])
    return [(g["names"], g["lr"], g["weight_decay"] or zero) for g in answer["groups"]]


def our_groups(report: dict[str, Any]) -> list[Group]:
    """The same from what pgaudit says of each parameter, not from its own list of groups."""
    groups: dict[int, Group] = {}
    for param in report["params"]:
        if param["group"] is None:
            continue
        setting = (float(param["lr"]).hex(), float(param["weight_decay"]).hex())
        names, *first = groups.setdefault(param["group"], ([], *setting))
        assert setting == tuple(first), f"group {param['group']} is not uniform"
        names.append(param["name"])
    assert sorted(groups) == list(range(len(groups)))
    return [groups[index] for index in range(len(groups))]


def assert_consistent(report: dict[str, Any], model: nn.Module) -> None:
    """The parts of a report say the same, and none of the model's parameters is missing."""
    inside = [param for param in report["params"] if param["in_optimizer"]]
    outside = [param for param in report["params"] if not param["in_optimizer"]]
    assert [param["name"] for param in inside] == [n for n, _ in trees.unwrapped(model).named_parameters()]
    assert all(param["group"] is not None for param in inside)
    for param in outside:
        assert (param["group"], param["lr"], param["weight_decay"]) == (None, None, None)
    everything = {id(p) for p in model.parameters()} | {id(p) for p in trees.unwrapped(model).parameters()}
    assert len(report["params"]) == len(everything)
    counted = [(g["index"], g["parameters"], g["lr"], g["weight_decay"]) for g in report["groups"]]
    assert counted == [
        (index, len(names), float.fromhex(lr), float.fromhex(weight_decay))
        for index, (names, lr, weight_decay) in enumerate(our_groups(report))
    ]
