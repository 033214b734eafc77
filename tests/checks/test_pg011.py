from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.cases import HEAD, audit, only, places


@pytest.mark.parametrize(
    ("options", "place", "meant"),
    [
        ("  norm_decay_mul: 0\n", (3, 3), "norm_decay_mult"),
        ("  norm_wd_mult: 0\n", (3, 3), "norm_decay_mult"),
        ("  custom_keys:\n    head: {lr_multi: 10}\n", (4, 12), "lr_mult"),
        ("  custom_keys:\n    head: {decay_multi: 0}\n", (4, 12), "decay_mult"),
        # as published in mmseg's dnlnet configs
        ("  custom_keys: {theta: {wd_mult: 0.0}, phi: {lr_mult: 1}}\n", (3, 25), "decay_mult"),
    ],
)
def test_a_word_that_nobody_reads(tmp_path: Path, options: str, place: tuple[int, int], meant: str) -> None:
    report = audit(tmp_path, HEAD + options)
    assert places(report, "PG011") == [("PG011", *place)]
    assert only(report, "PG011").hint == f'did you mean "{meant}"?'
    assert only(report, "PG011").severity == "error"


def test_a_word_like_no_other_gets_the_list(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "  _delete: true\n")  # published in mmcls' Twins configs, for `_delete_`
    assert places(report, "PG011") == [("PG011", 3, 3)]
    assert (only(report, "PG011").hint or "").startswith("it reads bias_decay_mult, ")


def test_a_solver_has_its_own_words(tmp_path: Path) -> None:
    report = audit(tmp_path, "solver:\n  basic_lr: 0.1\n  max_epochs: 3\n")
    assert places(report, "PG011") == [("PG011", 3, 3)]
    assert only(report, "PG011").hint == 'did you mean "max_epoch"?'


def test_words_that_are_read_are_silent(tmp_path: Path) -> None:
    options = (
        "  custom_keys: {head: {lr_mult: 1, decay_mult: 1}}\n  bias_lr_mult: 1\n  bias_decay_mult: 1\n"
        "  norm_decay_mult: 1\n  dwconv_decay_mult: 1\n  dcn_offset_lr_mult: 1\n  bypass_duplicate: false\n"
    )
    assert places(audit(tmp_path, HEAD + options), "PG011") == []
    assert (
        places(audit(tmp_path, "solver: {basic_lr: 0.1, lr_schedule: step, grad_clip: {name: norm}}\n"), "PG011") == []
    )


MMENGINE = "constructor: mmengine\n"


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("decay_multi: 0", "is copied into the group, where neither mmengine nor SGD looks for it", '"decay_mult"'),
        ("wd_mult: 0", "is copied into the group", '"decay_mult"'),
        ("momentun: 0.5", "is copied into the group", 'did you mean "momentum"?'),
        ("betas: [0.5, 0.9]", "is copied into the group", "lr_mult, decay_mult, or an argument of SGD"),
        ("lr_mult: 2, lr: 0.5", 'has no effect: "lr" takes its place', "keep one of them"),
        ("decay_mult: 2, weight_decay: 0", 'has no effect: "weight_decay" takes its place', "keep one of them"),
    ],
)
def test_what_mmengine_copies_and_nobody_looks_for(tmp_path: Path, setting: str, message: str, hint: str) -> None:
    report = audit(tmp_path, HEAD + f"  custom_keys:\n    '0': {{{setting}}}\n" + MMENGINE)
    assert places(report, "PG011") == [("PG011", 4, 11)]
    assert message in only(report, "PG011").message
    assert hint in str(only(report, "PG011").hint)


@pytest.mark.parametrize("setting", ["lr: 0.5", "momentum: 0.5", "nesterov: false", "initial_lr: 0.5", "fix_lr: true"])
def test_what_mmengine_copies_and_somebody_looks_for(tmp_path: Path, setting: str) -> None:
    report = audit(tmp_path, HEAD + f"  custom_keys:\n    '0': {{{setting}}}\n" + MMENGINE)
    assert places(report, "PG011") == []


@pytest.mark.parametrize("setting", ["momentum: 0.5", "initial_lr: 0.5", "momentum: 0"])
def test_what_is_copied_counts_as_an_effect(tmp_path: Path, setting: str) -> None:
    report = audit(tmp_path, HEAD + f"  custom_keys:\n    '0': {{{setting}}}\n" + MMENGINE)
    idle = setting == "momentum: 0"  # as the optimizer has it
    assert places(report, "PG005") == ([("PG005", 4, 5)] if idle else [])
