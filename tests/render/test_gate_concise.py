"""A line each, for editors and grep."""

from __future__ import annotations

from hypothesis import given, settings

from pgaudit.core.findings import gravity
from pgaudit.gate import Outcome
from pgaudit.render.gate.concise import render
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED


def test_problems_then_failures_then_the_rest() -> None:
    assert (
        render(CASES["everything"])
        == """\
typo.yaml:1:1: error unknown key "optimiser" (did you mean "optimizer"?) [the third]
typo.yaml: error no such lock file: a.lock [the third]
vit.yaml:4:5: lock 48 tensors such as blocks.0.norm1.weight: weight_decay 0.0 → 0.0001 by custom_keys.blocks \
(pgaudit lock --update, if that is meant) [vit_tiny vit.yaml]
vit.yaml:9:7: expect-params head.bias ("*.bias"): expected lr 0.1, got 0.2 by bias_lr_mult (vit.yaml:3:3) \
[vit_tiny vit.yaml]
vit.yaml:9:7: expect-params head.bias ("*.bias"): expected weight_decay 0, got 0.0001 by weight_decay \
[vit_tiny vit.yaml]
vit.yaml:5:5: PG001 [warning] "heed" matches no parameter (did you mean "head"?) [vit_tiny vit.yaml]
vit.yaml:1:50: PG007 [info] weight decay goes to 1 token (norm_decay_mult: 0.0) [vit_tiny vit.yaml]
"""
    )


def test_one_audit_needs_no_name_and_nothing_to_say_is_no_line() -> None:
    assert "[vit_tiny" not in render([FAILED])
    assert render([PASSED]) == render([]) == ""


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_a_line_each(outcomes: list[Outcome]) -> None:
    lines = render(outcomes).split("\n")
    said = [(0, problem.message) for outcome in outcomes for problem in outcome.errors]
    for place, kind in ((1, "failures"), (2, "others")):
        for outcome in outcomes:
            findings = sorted(getattr(outcome, kind), key=lambda finding: -gravity(finding.severity))
            said += [(place, finding.message) for finding in findings]
    assert lines.pop() == ""
    assert len(lines) == len(said)
    for line, (_, message) in zip(lines, said, strict=True):
        assert visible(message) in line
