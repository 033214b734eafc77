"""Published policies on the models they fit: no error that is not true, and no more warnings than were looked at."""

from __future__ import annotations

import pytest

from tests.checks import built_noise
from tests.checks.noise import FITTING, POLICIES, counts, found

pytestmark = pytest.mark.slow

TRUE_ERRORS = {
    "twins/twins-pcpvt-base_8xb128_in1k.py": {
        "PG011": "`_delete` was meant for `_delete_`: Swin's keys, which it should have removed, are there",
    },
}
"""Errors that are in the published policies, and why each is one."""

HARMLESS_KEYS = {".absolute_pos_embed", ".relative_position_bias_table", ".cls_token", ".pos_embed"}
"""Keys that the policies inherit from a base config for other models."""
MOVED_KEYS = {"head", ".backbone.classifier"}
"""Keys of mmcls' own names, where timm calls the classifier something else."""


def test_every_policy_has_its_models() -> None:
    assert {policy["first_path"].partition("/")[0] for policy in POLICIES} == set(FITTING)


def test_errors_are_true() -> None:
    errors = {(policy, f.code) for (policy, _), findings in found().items() for f in findings if f.severity == "error"}
    assert errors == {(policy, code) for policy, codes in TRUE_ERRORS.items() for code in codes}


def test_warnings_are_of_dead_keys_alone() -> None:
    warnings = [f for findings in found().values() for f in findings if f.severity == "warning"]
    assert {finding.code for finding in warnings} == {"PG001"}
    assert {finding.key for finding in warnings} <= HARMLESS_KEYS | MOVED_KEYS
    for finding in warnings:
        moved = finding.key in MOVED_KEYS
        assert ("That is this model's classifier" in (finding.hint or "")) == moved, finding


def test_the_counts() -> None:
    findings = {code: number for code, (number, _) in counts().items()}
    assert set(findings) == {"PG001", "PG007", "PG011"}
    assert sum(findings.values()) == sum(map(len, found().values()))
    assert findings["PG011"] == 2


def test_usual_optimizers_of_timm_are_clean() -> None:
    """Of optimizers that were built, too: nothing but that plain AdamW decays vectors."""
    names = ("resnet18", "vit_tiny_patch16_224", "convnext_atto", "swin_tiny_patch4_window7_224", "efficientvit_b0")
    found = built_noise.counts(names)
    assert found["create_optimizer_v2"] == found["layer decay"] == {}
    assert found["plain AdamW"] == {"PG007 info": len(names)}
