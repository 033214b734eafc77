"""What a person sees of ``check``."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings
from rich.cells import cell_len

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.gate.table import SHOWN, render
from pgaudit.render.style import marks_for
from pgaudit.render.terminal import TableOptions
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED, UNCHECKED, harmless

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _table(outcomes: list[Outcome], **options: object) -> str:
    return render(outcomes, TableOptions(**options))  # type: ignore[arg-type]


def test_everything_at_160() -> None:
    assert (
        _table(CASES["everything"], width=160)
        == """\
vit_tiny vit.yaml
vit.yaml:4:5  lock moved [error]  48 tensors such as blocks.0.norm1.weight: weight_decay 0.0 → 0.0001 \
by custom_keys.blocks
    blocks.{0..11}.norm{1,2}.{weight,bias}
  pgaudit lock --update, if that is meant
vit.yaml:9:7  expect-params unexpected-setting [error]  head.bias ("*.bias"): expected lr 0.1, \
got 0.2 by bias_lr_mult (vit.yaml:3:3)
vit.yaml:9:7  expect-params unexpected-setting [error]  head.bias ("*.bias"): expected weight_decay 0, \
got 0.0001 by weight_decay

the third
typo.yaml:1:1  error  unknown key "optimiser"
  did you mean "optimizer"?
error  no such lock file: a.lock

✕ failed       vit_tiny vit.yaml  152 tensors · 3 failures · 1 warning · 1 info (-v) · 2 ignored
✓ passed       resnet.yaml        62 tensors · 0 failures
✕ not checked  the third          2 problems
3 audits, 1 passed, 1 failed, 1 not checked
"""
    )


def test_everything_at_80() -> None:
    assert (
        _table(CASES["everything"], width=80)
        == """\
vit_tiny vit.yaml
vit.yaml:4:5  lock moved [error]  48 tensors such as blocks.0.norm1.weight:
      weight_decay 0.0 → 0.0001 by custom_keys.blocks
    blocks.{0..11}.norm{1,2}.{weight,bias}
  pgaudit lock --update, if that is meant
vit.yaml:9:7  expect-params unexpected-setting [error]  head.bias ("*.bias"):
      expected lr 0.1, got 0.2 by bias_lr_mult (vit.yaml:3:3)
vit.yaml:9:7  expect-params unexpected-setting [error]  head.bias ("*.bias"):
      expected weight_decay 0, got 0.0001 by weight_decay

the third
typo.yaml:1:1  error  unknown key "optimiser"
  did you mean "optimizer"?
error  no such lock file: a.lock

✕ failed       vit_tiny vit.yaml
      152 tensors · 3 failures · 1 warning · 1 info (-v) · 2 ignored
✓ passed       resnet.yaml
      62 tensors · 0 failures
✕ not checked  the third
      2 problems
3 audits, 1 passed, 1 failed, 1 not checked
"""
    )


def test_one_audit_at_40() -> None:
    assert (
        _table([FAILED], width=40)
        == """\
vit.yaml:4:5  lock moved [error]  48
      tensors such as
      blocks.0.norm1.weight:
      weight_decay 0.0 → 0.0001 by
      custom_keys.blocks
    blocks.{0..11}.norm{1,2}.
      {weight,bias}
  pgaudit lock --update, if that is
      meant
vit.yaml:9:7
  expect-params unexpected-setting
    [error]
      head.bias ("*.bias"): expected lr
      0.1, got 0.2 by bias_lr_mult
      (vit.yaml:3:3)
vit.yaml:9:7
  expect-params unexpected-setting
    [error]
      head.bias ("*.bias"): expected
      weight_decay 0, got 0.0001 by
      weight_decay

✕ failed · 152 tensors · 3 failures ·
      1 warning · 1 info (-v) ·
      2 ignored
"""
    )


def test_verdicts_of_one_audit() -> None:
    assert _table([PASSED]) == "✓ passed · 62 tensors · 0 failures\n"
    assert _table([UNCHECKED]).endswith("\n✕ not checked · 2 problems\n")
    assert _table([]) == "0 audits\n"


def test_many_failures_of_one_code_are_one_mistake() -> None:
    notice = Finding("PG009", "duplicate-parameter", "error", "tied", None, Location("a.yaml"))
    tied = [dataclasses.replace(notice, location=Location("a.yaml", i, 1)) for i in range(1, 41)]
    other = dataclasses.replace(notice, code="PG011", name="unknown-option")
    text = _table([Outcome(Audit("m", "a.yaml"), (*tied, other))])
    assert text.count("duplicate-parameter") == SHOWN
    assert "unknown-option" in text
    assert f"\nand {40 - SHOWN} more of PG009\n" in text
    assert text.endswith("\n✕ failed · 0 tensors · 41 failures\n")


def test_many_names_are_counted() -> None:
    notice = dataclasses.replace(FAILED.findings[1], params=tuple(f"{letter}.weight" for letter in "abcdefghij"))
    text = _table([Outcome(FAILED.audit, (notice,))])
    assert "\n    f.weight\n    and 4 tensors more\n" in text


@pytest.mark.parametrize("case", CASES)
def test_colours_lose_nothing_and_ascii_has_marks_of_its_own(case: str) -> None:
    coloured = [line.rstrip() for line in ANSI.sub("", _table(CASES[case], colour=True)).split("\n")]
    assert coloured == _table(CASES[case]).split("\n")
    text = _table([PASSED, UNCHECKED], marks=marks_for("ascii"))
    assert text.isascii()
    assert "+ passed       resnet.yaml  62 tensors - 0 failures\n" in text


@pytest.mark.parametrize("width", [160, 120, 80, 60, 45])
@pytest.mark.parametrize("case", CASES)
def test_lines_fit(case: str, width: int) -> None:
    assert max(map(cell_len, _table(CASES[case], width=width).split("\n"))) <= width


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_harmless_at_any_width(outcomes: list[Outcome]) -> None:
    for width in (None, 80, 20):
        text = _table(outcomes, width=width)
        assert harmless(text)
        assert all(line == line.rstrip() for line in text.split("\n"))
        for word in ("passed", "failed", "not checked"):
            count = sum(_verdict(outcome) == word for outcome in outcomes)
            assert count == 0 or word in text


def _verdict(outcome: Outcome) -> str:
    return ("passed", "failed", "not checked")[outcome.exit_code]
