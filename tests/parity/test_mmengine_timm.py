"""Published policies on real models: every setting of every parameter, bit for bit."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import pgaudit
from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare
from tests.parity.models import MODELS, shared

DATA = Path(__file__).parents[1] / "data"

POLICIES: list[dict[str, Any]] = json.loads((DATA / "mmpretrain_policies.json").read_text("utf-8"))
"""The distinct policies of mmpretrain 1.2's configs that use the default constructor."""

OWN = [
    {
        "norm_decay_mult": None,
        "bias_decay_mult": 0.5,
        "dwconv_decay_mult": 0.1,
        "flat_decay_mult": 0.0,
        "bias_lr_mult": 2.0,
        "custom_keys": {
            ".cls_token": {"decay_mult": 0.0},
            "head": {"lr": 1.0, "betas": [0.5, 0.6]},
            "stem": {"lr_mult": 0.1, "weight_decay": 0.3},
            "blocks.1": {"lr_mult": 0.7, "lr": 0.2, "eps": 1e-6},
        },
        "bypass_duplicate": True,
    },
    {"dwconv_decay_mult": 0.0, "flat_decay_mult": 0.5},
]
"""What no published policy says."""


def rules_of(policy: dict[str, Any]) -> dict[str, Any]:
    """The parts that matter; mmpretrain's own optimizer by a stand-in."""
    optimizer = dict(policy["optimizer"])
    if optimizer["type"] == "LARS":
        optimizer["type"] = "tests.parity.modules:LARS"
    return {"optimizer": optimizer, "paramwise_cfg": policy["paramwise_cfg"]}


CASES = [rules_of(policy) for policy in POLICIES]
ADAMW = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}
CASES += [{"optimizer": ADAMW, "paramwise_cfg": options} for options in OWN]
SHARES = 8
"""Each model is asked about one policy in so many, so that each policy meets models of many families."""


@pytest.mark.parametrize("name", shared(1))
def test_published_policies(mmengine: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    spec = {"timm": name}
    model = trees.build(spec)
    chosen = CASES[MODELS.index(name) % SHARES :: SHARES]
    compared = sum(compare(mmengine, {"model": spec, **rules}, model, quick=True) for rules in chosen)
    record_property("compared with mmengine, published policies", compared)


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_the_quick_oracle_says_what_the_whole_one_says(mmengine: Oracle, name: str) -> None:
    for rules in CASES[:3] + CASES[-2:]:
        case = {"model": {"timm": name}, **rules}
        assert mmengine.ask(**case, quick=True) == mmengine.ask(**case)


@functools.cache
def resnet18() -> nn.Module:
    return trees.build({"timm": "resnet18"})


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy["first_path"])
def test_nothing_in_a_published_policy_is_called_unread_but_the_known_typo(policy: dict[str, Any]) -> None:
    report = pgaudit.audit(resnet18(), {"constructor": "mmengine", **rules_of(policy)})
    unread = [finding.key for finding in report.findings if finding.code in ("PG011", "PG014")]
    assert unread == [word for word in policy["paramwise_cfg"] or () if word == "_delete"]
