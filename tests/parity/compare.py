"""Asks pgaudit and a real library the same question, and insists on the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

import pgaudit
from pgaudit.models.built import BuiltModel
from tests.parity import trees
from tests.parity.answers import exact, word
from tests.parity.client import Oracle
from tests.parity.overrides import tensors

Case = dict[str, Any]
"""`model`, `optimizer` and perhaps `paramwise_cfg`, as the oracle reads them; see there."""

Group = tuple[list[str], str | None, str, dict[str, str]]
"""Names, lr, weight decay, and what else differs from the optimizer's defaults; numbers as `float.hex()`, so that equal
means equal bit for bit. An lr may be none: some classes then have one of their own at each step."""


def audit(model: nn.Module, case: Case, constructor: str = "mmcv") -> pgaudit.Report:
    """pgaudit's answer."""
    config = {key: value for key, value in case.items() if key in ("optimizer", "paramwise_cfg")}
    return pgaudit.audit(model, {"constructor": constructor, **config})


def compare(oracle: Oracle, case: Case, model: nn.Module | None = None, **how: Any) -> int:
    """Compares every parameter of a case; returns how many settings were compared.

    Where the real library raises, pgaudit has to refuse the config or to report an error; a model without any parameter
    it refuses in any case.
    """
    real = oracle.ask(**case, **how)
    if model is None:
        model = trees.build(case["model"])
    if "error" in real:
        assert refuses(model, case, oracle.constructor), f"the real one raises {real['error']}"
        return 0
    if not any(group["names"] for group in real["groups"]) and not len(list(model.named_parameters())):
        assert refuses(model, case, oracle.constructor)
        return 0
    report = audit(model, case, oracle.constructor)
    data = report.to_dict()
    assert not reports_duplicates(data)
    if case["model"].get("lists"):
        assert_the_same_tensors(report, model, real)
        return 2 * sum(len(group["names"]) for group in real["groups"])
    assert our_groups(report, real.get("defaults", {})) == real_groups(real)
    assert_consistent(report, model, {name for group in real["groups"] for name in group["names"]})
    return 2 * sum(len(group["names"]) for group in real["groups"])


def assert_the_same_tensors(report: pgaudit.Report, model: nn.Module, real: dict[str, Any]) -> None:
    """The same of a model whose names are its own: tensors are told by where they are, as the real side tells them.

    Where a model yields a tensor twice, a group holds it twice; torch warns of that, and it has one setting.
    """
    given, unwrap = BuiltModel(model, ""), report.inventory.unwrapped
    assert [parameter.name for parameter in given.inventory(unwrap=unwrap).parameters] == [
        row.name for row in report.params
    ]
    root = trees.unwrapped(model) if report.inventory.unwrapped else model
    place = {id(tensor): name for name, tensor in tensors(root).items()}
    names = [place.get(id(tensor), "beside it") for tensor in given.tensors(unwrap=unwrap)]
    theirs = {i: (list(dict.fromkeys(held)), *rest) for i, (held, *rest) in real_groups(real).items()}
    assert our_groups(report, real.get("defaults", {}), names) == theirs
    listed: dict[int, str] = {}
    if "named_parameters" not in report.inventory.hints.raised:
        for name, tensor in root.named_parameters():
            listed.setdefault(id(tensor), name)
    assert list(listed.values()) == [row.name for row in report.params][: len(listed)]


def refuses(model: nn.Module, case: Case, constructor: str = "mmcv") -> bool:
    """Whether pgaudit says, in either of its ways, that this cannot be built."""
    try:
        report = audit(model, case, constructor).to_dict()
    except pgaudit.PgauditError:
        return True
    return reports_duplicates(report)


def reports_duplicates(report: dict[str, Any]) -> bool:
    """Whether pgaudit foresees that torch refuses a parameter in two groups."""
    findings = [(finding["code"], finding["severity"]) for finding in report["findings"]]
    return ("PG009", "error") in findings


def real_groups(answer: dict[str, Any]) -> dict[int, Group]:
    """The groups of the real optimizer that hold anything. One without weight decay (Rprop) decays nothing."""
    zero = (0.0).hex()
    groups = enumerate(answer["groups"])
    return {i: (g["names"], g["lr"], g["weight_decay"] or zero, g["extra"]) for i, g in groups if g["names"]}


def our_groups(
    report: pgaudit.Report, defaults: dict[str, str], known_as: Sequence[str] | None = None
) -> dict[int, Group]:
    """The same from what pgaudit says of each parameter, not from its own list of groups.

    A setting that is written into a group and equals the optimizer's default there is none that differs.
    """
    groups: dict[int, Group] = {}
    for row, name in zip(report.params, known_as or [row.name for row in report.params], strict=True):
        if row.group is None:
            continue
        assert row.weight_decay is not None
        extra = {key: word(value) for key, value in row.setting.extra.items()}
        extra = {key: value for key, value in extra.items() if defaults.get(key) != value}
        setting = (exact(row.lr), float(row.weight_decay).hex(), extra)
        names, *first = groups.setdefault(row.group, ([], *setting))
        assert setting == tuple(first), f"group {row.group} is not uniform"
        names.append(name)
    return groups


def assert_consistent(report: pgaudit.Report, model: nn.Module, optimized: set[str]) -> None:
    """The parts of a report say the same, and none of the model's parameters is missing."""
    data = report.to_dict()
    inside = [param for param in data["params"] if param["in_optimizer"]]
    outside = [param for param in data["params"] if not param["in_optimizer"]]
    root = trees.unwrapped(model) if report.inventory.unwrapped else model
    assert [param["name"] for param in inside] == [n for n, _ in root.named_parameters() if n in optimized]
    assert all(param["group"] is not None for param in inside)
    for param in outside:
        assert (param["group"], param["lr"], param["weight_decay"]) == (None, None, None)
    everything = {id(p) for p in model.parameters()} | {id(p) for p in root.parameters()}
    assert len(data["params"]) == len(everything)
    counted = [(g["index"], g["parameters"], exact(g["lr"]), exact(g["weight_decay"])) for g in data["groups"]]
    assert counted == [
        (index, len(names), lr, weight_decay)
        for index, (names, lr, weight_decay, _) in sorted(our_groups(report, {}).items())
    ]
