from __future__ import annotations

import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd, stem_and_head


def _three() -> nn.ModuleDict:
    return nn.ModuleDict({"backbone": nn.Linear(2, 2), "neck": nn.Linear(2, 2), "heads": nn.Linear(2, 2)})


def _forgotten() -> Made:
    model = _three()
    return model, {"body": sgd(model["backbone"]), "head": torch.optim.AdamW(model["heads"].parameters())}


def _frozen_is_forgotten() -> Made:
    model = _three()
    model["neck"].requires_grad_(False)
    return model, [sgd(model["backbone"]), torch.optim.AdamW(model["heads"].parameters())]


def _covered() -> Made:
    model = _three()
    return model, [sgd(model["backbone"], model["neck"]), torch.optim.AdamW(model["heads"].parameters())]


def _tied() -> Made:
    model = nn.ModuleDict({"embed": nn.Embedding(4, 3), "head": nn.Linear(3, 4)})
    model["head"].weight = model["embed"].weight
    return model, [sgd(model["embed"]), torch.optim.AdamW(model["head"].parameters())]


def _tied_without_model() -> Made:
    return None, _tied()[1]


def _two_models_with_equal_names() -> Made:
    one, other = (torch.optim.SGD(stem_and_head().named_parameters(), lr=0.1) for _ in range(2))
    return None, [one, other]


def _copy_with_equal_names() -> Made:
    model, average = stem_and_head(), stem_and_head()
    return model, [torch.optim.SGD(each.named_parameters(), lr=0.1) for each in (model, average)]


def _of_a_copy() -> Made:
    return _three(), sgd(_three())


def _of_copies() -> Made:
    return _three(), [sgd(_three()), torch.optim.SGD(_three().named_parameters(), lr=0.1)]


def _one() -> Made:
    model = _three()
    return model, sgd(model["backbone"])


ANOTHER = "build the optimizer from this model, after it is copied, wrapped or loaded"
CASES = {
    "of a copy": BuiltCase(_of_a_copy, ("no tensor of ModuleDict is in the optimizer, and none of them",), ANOTHER),
    "of copies": BuiltCase(_of_copies, ("no tensor of ModuleDict is in any of the 2 optimizers",), ANOTHER),
    "in none": BuiltCase(
        _forgotten,
        ("2 trainable tensors are in none of the 2 optimizers, and never optimized: neck.weight, neck.bias",),
        "left out, or added too late: hand them over, or freeze them",
        ("neck.weight", "neck.bias"),
    ),
    "in two": BuiltCase(
        _tied,
        ("1 tensor is in optimizer 0 and in optimizer 1: each moves it: embed.weight",),
        "leave each parameter to one optimizer",
    ),
    "in two, without the model": BuiltCase(
        _tied_without_model, ("1 tensor is in optimizer 0 and in optimizer 1: each moves it: group 0 [0]",)
    ),
    "frozen, in none": BuiltCase(_frozen_is_forgotten),
    "covered": BuiltCase(_covered),
    "two models with equal names": BuiltCase(_two_models_with_equal_names),
    "a copy with equal names": BuiltCase(_copy_with_equal_names),
    "one optimizer": BuiltCase(_one),
}
test_pg034 = check_cases("PG034", CASES)
