from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


def _model() -> nn.Module:
    return tree({"backbone.conv1": nn.Conv2d(2, 2, 1), "fc": nn.Linear(2, 2)})


def _wrapped() -> nn.Module:
    return tree({"module.fc": nn.Linear(2, 2)})


class _Timm(nn.Module):
    pretrained_cfg = {"classifier": "last"}

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(2, 2)


def _key(key: str) -> str:
    return HEAD + f"  custom_keys:\n    {key}: {{lr_mult: 10}}\n"


def _policy(rule: str) -> str:
    return f"solver:\n  weight_decay: [{rule}, 1.0e-4]\n"


CASES = {
    "a typo": Case(_key("bakbone"), (4, 5), '"bakbone" matches no parameter', 'did you mean "backbone"?', _model),
    "a typo of two segments": Case(_key("backbone.cnv1"), (4, 5), "no parameter", 'mean "backbone.conv1"?', _model),
    "the wrong case": Case(_key("Backbone"), (4, 5), "no parameter", 'did you mean "backbone"?', _model),
    "a dot before a name at the root": Case(_key(".fc"), (4, 5), "no parameter", '"fc" stands at the root', _model),
    "below what is not there": Case(
        _key("model.fc"), (4, 5), "no parameter", '"fc" is here, but not below "model"', _model
    ),
    "module. is unwrapped": Case(
        _key("module.fc"), (4, 5), "no parameter", 'names begin inside `module` here: "fc"', _wrapped
    ),
    "another name of the classifier": Case(
        _key("classifier"), (4, 5), "no parameter", 'did you mean "last"? That is this model\'s classifier', _Timm
    ),
    "inherited from another model": Case(
        _key(".absolute_pos_embed"),
        (4, 5),
        "no parameter",
        "no name comes near; if it is inherited, it is harmless",
        _model,
    ),
    "a number tells nothing": Case(
        _key("blocks.0"), (4, 5), "no parameter", "no name comes near", lambda: nn.Sequential(nn.Linear(2, 2))
    ),
    "a key that is found": Case(_key("backbone"), None, model=_model),
    "an empty key is found everywhere": Case(_key("''"), None, model=_model),
    "an option is no key": Case(HEAD + "  norm_decay_mult: 0\n", None, model=_model),
    "a pattern": Case(_policy("[0, bakbone]"), (2, 18), '"bakbone" matches no parameter', '"backbone"', _model),
    "an anchored pattern": Case(_policy("[0, ^fcc$]"), (2, 18), '"^fcc$" matches no', 'did you mean "^fc$"?', _model),
    "types": Case(
        _policy("[0, NORM_TYPES]"),
        (2, 18),
        "the model has no parameter in a module among NORM_TYPES",
        "harmless",
        _model,
    ),
    "types that are there": Case(_policy("[0, {type: torch.nn.Linear}]"), None, model=_model),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg001(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG001", case)
