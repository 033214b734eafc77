from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases
from tests.checks.cases import HEAD, Case, examine, tree

BLOCKS = 4


def _model(prefix: str = "", *, token: str = "reg_token") -> nn.Module:
    """A model of four blocks with two tokens beside them."""
    model = tree(
        {f"{prefix}{name}": nn.Linear(2, 2) for name in ["patch_embed", *map("blocks.{}".format, range(4)), "head"]}
    )
    owner = model.get_submodule(prefix.rstrip("."))
    owner.register_parameter("cls_token", nn.Parameter(torch.ones(1, 1, 2)))
    owner.register_parameter(token, nn.Parameter(torch.ones(1, 4, 2)))
    return model


def _elsewhere(block: str, owner: str) -> nn.Module:
    """Four blocks, and a token in a module of its own."""
    model = tree({**{block.format(at): nn.Linear(2, 2) for at in range(BLOCKS)}, f"{owner}.dense": nn.Linear(2, 2)})
    model.get_submodule(owner).register_parameter("reg_token", nn.Parameter(torch.ones(1, 4, 2)))
    return model


def _of_elsewhere(name: str) -> int:
    found = re.search(r"[._](\d)\.", name)
    return int(found[1]) + 1 if found else BLOCKS + 1


def _layer(name: str) -> int:
    """As MAE's `param_groups_lrd` tells layers (``util/lr_decay.py``): what it does not know is the last."""
    if name in ("cls_token", "pos_embed") or name.startswith("patch_embed"):
        return 0
    return int(name.split(".")[1]) + 1 if name.startswith("blocks") else BLOCKS + 1


def _decayed(model: nn.Module, layer: Callable[[str], int] = _layer, *, key: str = "lr", rate: float = 0.5) -> Made:
    """Layer decay as recipes write it: the lr itself, or a factor for the loop."""
    groups = []
    for name, parameter in model.named_parameters():
        scale = rate ** (BLOCKS + 1 - layer(name))
        groups.append({"params": [parameter], key: 0.1 * scale if key == "lr" else scale})
    return model, torch.optim.AdamW(groups, lr=0.1)


def _warming_up() -> Made:
    """All lrs are 0 at the first step; the groups know where they go."""
    model, optimizer = _decayed(_model())
    return model, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / 10, 1))


def _begun_at_a_list() -> Made:
    """Whatever a group holds under the name that schedulers have."""
    model, optimizer = _decayed(_model())
    for group in optimizer.param_groups:
        group["initial_lr"] = [group["lr"]]
    return model, optimizer


def _frozen() -> Made:
    model = _model()
    model.get_parameter("reg_token").requires_grad_(False)
    return _decayed(model)


def _class_attention() -> Made:
    """CaiT's class token is the input of the blocks behind the others, and has the lr of the first of them."""
    with torch.device("meta"):
        model = timm.create_model("cait_xxs24_224")
    layers = {"cls_token": 25, "pos_embed": 0, "patch_embed": 0}
    for name, _ in model.named_parameters():
        place, number, *_ = *name.split("."), ""
        if place in ("blocks", "blocks_token_only"):
            layers[name] = int(number) + (1 if place == "blocks" else 25)
    groups = [
        {"params": [parameter], "lr": 0.8 ** (27 - layers.get(name, layers.get(name.split(".")[0], 27)))}
        for name, parameter in model.named_parameters()
    ]
    return model, torch.optim.AdamW(groups, lr=1.0)


SENTENCE = "reg_token is at the lr of the last layer, while the lrs of the blocks beside it rise from the first"
BUILT = {
    "what no rule knows": BuiltCase(
        lambda: _decayed(_model()),
        (SENTENCE,),
        "its place is below the first block, whose lr is 0.00625",
        ("reg_token",),
    ),
    "a factor for timm's schedulers": BuiltCase(lambda: _decayed(_model(), key="lr_scale"), (SENTENCE,)),
    "a factor of DINOv2's loop": BuiltCase(lambda: _decayed(_model(), key="lr_multiplier"), (SENTENCE,)),
    "under a warm-up": BuiltCase(_warming_up, (SENTENCE,)),
    "all tokens": BuiltCase(
        lambda: _decayed(_model(), lambda name: _layer(name) if "token" not in name else BLOCKS + 1),
        ("cls_token, reg_token are at the lr of the last layer, while the lrs of the blocks beside them rise",),
        "their place is below the first block",
        ("cls_token", "reg_token"),
    ),
    "inside a wrapper": BuiltCase(
        lambda: _decayed(_model("backbone."), lambda name: _layer(name.removeprefix("backbone."))),
        ("backbone.reg_token is at the lr of the last layer",),
    ),
    "in the words of transformers": BuiltCase(
        lambda: _decayed(_elsewhere("vit.encoder.layer.{}", "vit.embeddings"), _of_elsewhere),
        ("vit.embeddings.reg_token is at the lr of the last layer",),
        params=("vit.embeddings.reg_token",),
    ),
    "in the words of torchvision": BuiltCase(
        lambda: _decayed(_elsewhere("encoder.layers.encoder_layer_{}", "encoder"), _of_elsewhere),
        ("encoder.reg_token is at the lr of the last layer",),
    ),
    "a token of a new head": BuiltCase(lambda: _decayed(_elsewhere("blocks.{}", "head"), _of_elsewhere)),
    "a rule for it": BuiltCase(lambda: _decayed(_model(), lambda name: 0 if "token" in name else _layer(name))),
    "frozen": BuiltCase(_frozen),
    "one lr": BuiltCase(lambda: _decayed(_model(), rate=1.0)),
    "a class token of its own blocks": BuiltCase(_class_attention),
    "new prompts": BuiltCase(lambda: _decayed(_model(token="prompt_tokens"))),
    "no lr to begin with": BuiltCase(_begun_at_a_list),
    "no token": BuiltCase(lambda: _decayed(_model(token="gamma"))),
    "lrs that fall with depth": BuiltCase(lambda: _decayed(_model(), rate=2.0)),
}
test_built = check_cases("PG032", BUILT)

KEYS = "\n".join(f"    blocks.{block}: {{lr_mult: {0.5 ** (BLOCKS - block):g}}}" for block in range(BLOCKS))
POLICIES = {
    "custom keys": Case(
        f"{HEAD}  custom_keys:\n{KEYS}\n    cls_token: {{lr_mult: 0.05}}\n",
        (4, 5),
        SENTENCE,
        "its place is below the first block, whose lr is 0.00625",
        _model,
    ),
    "a key for it": Case(f"{HEAD}  custom_keys:\n{KEYS}\n    _token: {{lr_mult: 0.05}}\n", None, model=_model),
}


@pytest.mark.parametrize("case", POLICIES.values(), ids=POLICIES)
def test_pg032(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG032", case)
