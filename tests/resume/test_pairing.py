"""Which of several optimizers is loaded into which, and whether that is proved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pgaudit.built import audit_objects
from pgaudit.checkpoints import chosen, read_checkpoint
from pgaudit.resume import resumption
from tests.resume.runs import stepped

CASES: dict[str, tuple[Any, Any, bool, bool]] = {
    # the checkpoint, the source → whether each is with its own where nothing has names, and whether that is certain
    "one list": (["g", "d"], ["g", "d"], True, True),
    "another list": (["d", "g"], ["g", "d"], False, True),
    "keys": ({"d": "d", "g": "g"}, {"g": "g", "d": "d"}, True, True),
    "other keys": ({"opt_d": "d", "opt_g": "g"}, {"g": "g", "d": "d"}, False, False),
    "keys and a list": ({"opt_d": "d", "opt_g": "g"}, ["g", "d"], False, False),
    "keys and a list, in its order": ({"opt_g": "g", "opt_d": "d"}, ["g", "d"], True, False),
    "a list and keys": (["g", "d"], {"g": "g", "d": "d"}, True, False),
}
LRS = {"g": 1e-3, "d": 1e-4}


def _optimizer(model: nn.ModuleDict, name: str, *, named: bool) -> torch.optim.Optimizer:
    part = model[name]
    return torch.optim.AdamW(part.named_parameters(name) if named else part.parameters(), lr=LRS[name])


def _mapped(holder: Any, make: Any) -> Any:
    if isinstance(holder, dict):
        return {key: make(name) for key, name in holder.items()}
    return [make(name) for name in holder]


def _model() -> nn.ModuleDict:
    return nn.ModuleDict({"g": nn.Linear(2, 3), "d": nn.Linear(2, 3)})


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(("theirs", "ours", "right", "proved"), CASES.values(), ids=CASES)
def test_which_optimizer_is_which(
    theirs: Any, ours: Any, right: bool, proved: bool, named: bool, tmp_path: Path
) -> None:
    old, new = _model(), _model()

    def state(name: str) -> Any:
        optimizer = _optimizer(old, name, named=named)
        stepped(optimizer)
        return optimizer.state_dict()

    torch.save({"optimizers": _mapped(theirs, state)}, tmp_path / "last.pt")
    whole = read_checkpoint(str(tmp_path / "last.pt"))
    report = audit_objects(new, _mapped(ours, lambda name: _optimizer(new, name, named=named)))
    found = resumption(whole, report)
    by_order = any("compared with the source's in their order" in note for note in found.notes)
    wrong = "mismatch" if named else "overrides"
    assert (found.verdict, by_order) == ("ok" if right or (named and not proved) else wrong, not (proved or named))
    assert not (by_order and found.proved)
    for optimizer in whole.optimizers:  # one of them alone goes with the same one
        alone = resumption(chosen(whole, optimizer.key), report, whole=whole)
        assert alone.verdict == found.verdict
