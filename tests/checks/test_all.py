"""What holds for every check."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

from pgaudit.checks import BUILT_CHECKS, CHECKS, DOCUMENTED
from pgaudit.core.findings import Severity

CONTRACT = """
PG001 dead-key warning
PG002 shadowed-key warning
PG003 overmatch warning
PG004 custom-key-drops-decay-rule warning
PG005 inert-option warning
PG006 unrecognised-norm warning
PG007 decayed-vector info
PG008 false-depthwise warning
PG009 duplicate-parameter error
PG010 frozen-or-missing warning
PG011 unknown-option error
PG012 ambiguous-scalar warning
PG013 zero-lr warning
PG014 option-ignored-by-constructor error
PG015 dcn-overlap warning
PG016 unanchored-pattern warning
PG017 flat-layer-decay warning
PG018 many-groups info
PG019 stale-ignore warning
PG020 escaped-alternative error
PG022 empty-group warning
PG023 muon-misrouted warning
PG025 scale-not-applied error
PG026 scale-applied-twice error
PG027 schedule-flattens error
PG028 schedule-floor warning
PG029 wrapper-prefix error
PG030 rule-on-shards error
PG032 late-token warning
PG033 layer-gap warning
PG034 optimizer-coverage error
PG035 frozen-claimed warning
PG036 never-stepped warning
PG037 resume-mismatch error
PG038 resume-overrides warning
PG043 unproven-names warning
PG044 endless-warm-up warning
PG045 schedule-length warning
"""


def test_codes_names_and_severities_never_change() -> None:
    kinds = [module.KIND for module in DOCUMENTED.values()]
    assert [f"{kind.code} {kind.name} {kind.severity}" for kind in kinds] == CONTRACT.split("\n")[1:-1]
    assert {kind.severity for kind in kinds} <= set(get_args(Severity))


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_check_is_one_documented_file(code: str) -> None:
    module = DOCUMENTED[code]
    assert module.__name__ == f"pgaudit.checks.{code.lower()}"
    assert code == module.KIND.code
    documentation = inspect.getdoc(module) or ""
    for part in ("What: ", "Why it hurts: ", "Example: ", "How to fix it: "):
        assert part in documentation


def test_every_check_but_the_one_about_findings_is_run() -> None:
    assert set(DOCUMENTED) - set(CHECKS) - set(BUILT_CHECKS) == {"PG019", "PG037", "PG038"}
    for checks in (CHECKS, BUILT_CHECKS):
        assert all(checks[code] is DOCUMENTED[code] for code in checks)
