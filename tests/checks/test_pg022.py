from __future__ import annotations

import re

from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd, stem_and_head


def _groups(*empty: dict[str, object]) -> BuiltCase:
    model = stem_and_head()
    return BuiltCase(lambda: (model, sgd(model, *({"params": [], **each} for each in empty), weight_decay=0.01)))


def _of_dfine(pattern: str) -> Made:
    """A backbone as D-FINE's, whose norms are called `bn`, sorted as its `yaml_config.py` does (4a1f73a)."""
    backbone = nn.ModuleDict({"conv": nn.Conv2d(2, 2, 1, bias=False), "bn": nn.BatchNorm2d(2)})
    model = nn.ModuleDict({"backbone": nn.ModuleDict({"stem": backbone})})
    named = dict(model.named_parameters())
    found = [parameter for name, parameter in named.items() if re.findall(pattern, name)]
    rest = [parameter for parameter in named.values() if all(parameter is not each for each in found)]
    return model, sgd({"params": found, "weight_decay": 0.0}, {"params": rest}, weight_decay=0.1)


CASES = {
    "one": BuiltCase(
        _groups({"lr": 0.3}).make,
        ("group 1 (lr 0.3, weight decay 0.01) holds no parameter",),
        "what was to fill it matches nothing",
    ),
    "two": BuiltCase(_groups({}, {"lr": 1.0}).make, ("groups 1, 2 hold no parameter",)),
    "of several optimizers": BuiltCase(
        lambda: (None, {"body": sgd(stem_and_head()), "head": sgd({"params": []}, stem_and_head())}),
        ('group 0 of the optimizer "head" (lr 0.1, weight decay 0) holds no parameter',),
    ),
    "D-FINE's pattern": BuiltCase(
        lambda: _of_dfine("^(?=.*backbone)(?=.*norm|bn).*$"), ("group 0 (lr 0.1, weight decay 0) holds no parameter",)
    ),
    "D-FINE's pattern, mended": BuiltCase(lambda: _of_dfine("^(?=.*backbone)(?=.*(?:norm|bn)).*$")),
    "none": _groups(),
}
test_pg022 = check_cases("PG022", CASES)
