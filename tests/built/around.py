"""A process that goes all the way round, with a real library beside pgaudit: a policy's report; the optimizer that the
library itself builds; the report of that; the report of its checkpoint; the policy that it is converted to.

One JSON line a question on stdin, ``{"model", "config", "most_stored"}``; one a line an answer on stdout: what differs
from the policy at each corner, by its name.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

import pgaudit
from pgaudit.built import audit_objects
from pgaudit.config import load_config
from pgaudit.convert import convert_built
from pgaudit.diff import compare
from pgaudit.models.build import build_model
from pgaudit.models.source import ModelSource
from pgaudit.pipeline import audit, audit_with_tensors
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.verify.libraries import real_named


def around(model: str | None, config: str, *, most_stored: int) -> dict[str, Any]:
    """Returns what differs, by corner; a checkpoint is written of a model of no more than so many weights."""
    policy = load_config(config)
    given = build_model(model, policy)
    stored = sum(each.numel() for each in given.module.parameters()) <= most_stored
    module = _on_cpu(given.module) if stored else given.module
    live = ModelSource(lambda: type(given)(module, given.ref))
    report, tensors, call = audit_with_tensors(live, policy)
    try:
        optimizer = real_named(policy.constructor).builder()(module, policy, call.kind)
    except ValueError:  # of a tensor that stands in two groups
        foretold = any(each.code == "PG009" for each in report.findings)
        return {"tensors": len(report.params), "refused": [] if foretold else ["nothing foretells it"]}
    built = audit_objects(module, optimizer)
    found = {"built": [*_differing(report, built), *_wrong_tensors(report, tensors, optimizer)]}
    if stored:
        found["checkpoint"] = _of_checkpoint(report, module, optimizer)
    text = convert_built(built, "rules", ignore_frozen=True).text
    found["rules"] = _differing(report, audit(module, yaml.safe_load(text)), frozen=False)
    return {"tensors": len(report.params), **found}


def _on_cpu(module: nn.Module) -> nn.Module:
    return module.to_empty(device="cpu")


def _values(report: Report) -> dict[str, Any]:
    """What each parameter trains with, bit for bit, by its name in the model."""
    found = {}
    for each in report.params:
        held = report.extra_of(each.setting, each.optimizer)
        found[each.name] = (
            None
            if each.lr is None or each.weight_decay is None
            else [each.lr.hex(), each.weight_decay.hex(), float(each.setting.lr_scale or 1.0).hex(), plain(held)]
        )
    return found


def _differing(report: Report, other: Report, *, frozen: bool = True, own: bool = True) -> list[str]:
    ours, theirs = _values(report), _values(other)
    unread = {each.name for each in report.params if "lr_scale" in each.setting.inert}
    found = [f"names: {sorted(ours.keys() ^ theirs.keys())[:3]}"] if ours.keys() != theirs.keys() else []
    for each in report.params:
        one, two = ours[each.name], theirs.get(each.name)
        if each.name in unread and one and two:
            one, two = [one[:2], one[3:]], [two[:2], two[3:]]  # a note of the library's own
        if not own and one and two:
            one, two = one[:2], two[:2]
        if repr(one) != repr(two) and (frozen or each.param.trainable):
            found.append(f"{each.name}: {one} and {two}")
    if frozen:
        seen = compare(report, other)
        found += [f"diff: {change.name}" for change in seen.setup]
        found += [f"diff: {change.param.name}" for change in seen.effective]
    return found


def _wrong_tensors(report: Report, tensors: Any, optimizer: torch.optim.Optimizer) -> list[str]:
    """Where the real groups hold something else than the report says of the very tensor."""
    held = {id(tensor): group for group in optimizer.param_groups for tensor in group["params"]}
    return [
        f"group of {each.name}"
        for each, tensor in zip(report.params, tensors, strict=True)
        if (held.get(id(tensor)) or {"lr": None})["lr"] != each.lr
    ]


def _of_checkpoint(report: Report, module: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    for tensor in module.parameters():
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pt"
        torch.save({"optimizer": optimizer.state_dict()}, path)
        read = pgaudit.audit(module, str(path))
    assert read.as_built is not None
    if read.as_built.inventory is None:
        return ["unproven"]
    return _differing(report, read, own=False)  # what the optimizer was called with, no file says


def _answer() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library may print
    for line in sys.stdin:
        print(json.dumps(around(**json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _answer()
