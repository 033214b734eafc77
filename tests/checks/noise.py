"""How much the checks say about published policies on models that they fit."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pgaudit
from pgaudit.core.findings import Finding

DATA = Path(__file__).parents[1] / "data"
POLICIES: list[dict[str, Any]] = json.loads((DATA / "mmcls_policies.json").read_text("utf-8"))
"""The distinct policies of MMClassification 0.25's configs."""

FITTING = {
    "swin_transformer": ("swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256"),
    "mlp_mixer": ("mixer_s32_224", "vit_tiny_patch16_224"),
    "csra": ("resnet18",),
    "vgg": ("vgg11_bn",),
    "poolformer": ("poolformer_s12",),
    "deit": ("deit_tiny_patch16_224", "deit_tiny_distilled_patch16_224"),
    "shufflenet_v1": ("mobilenetv2_050", "ghostnet_050"),
    "resnest": ("resnest14d",),
    "twins": ("twins_pcpvt_small", "twins_svt_small"),
    "mvit": ("mvitv2_tiny",),
    "vision_transformer": ("vit_tiny_patch16_224",),
    "convmixer": ("convmixer_768_32",),
    "resnet": ("resnet18", "resnet50"),
    "t2t_vit": ("vit_tiny_patch16_224",),
    "conformer": ("convit_tiny", "pit_ti_224"),
}
"""Models in timm of the family that a policy was written for, or the nearest, by the policy's folder."""

Found = dict[tuple[str, str], tuple[Finding, ...]]


@cache
def found() -> Found:
    """The findings of each policy, by the file that it was published in, on each fitting model."""
    reports: Found = {}
    for policy in POLICIES:
        for model in FITTING[policy["first_path"].partition("/")[0]]:
            rules = {key: policy[key] for key in ("optimizer", "paramwise_cfg")}
            reports[policy["first_path"], model] = pgaudit.audit(model, rules).findings
    return reports


def counts() -> dict[str, tuple[int, int]]:
    """Returns the number of findings of each code, and of the policies that have any."""
    policies: dict[str, set[str]] = defaultdict(set)
    findings: dict[str, int] = defaultdict(int)
    for (policy, _), of_one in found().items():
        for finding in of_one:
            findings[finding.code] += 1
            policies[finding.code].add(policy)
    return {code: (findings[code], len(policies[code])) for code in sorted(findings)}
