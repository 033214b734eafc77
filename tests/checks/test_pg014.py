from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.cases import HEAD, audit, only, places


@pytest.mark.parametrize(
    ("options", "place", "reader"),
    [
        ("  flat_decay_mult: 0\n", (3, 3), "mmengine"),
        ("  layer_decay_rate: 0.9\n", (3, 3), "mmpretrain"),
        ("  decay_type: layer_wise\n", (3, 3), "mmdet"),
        ("  custom_keys:\n    head: {lr: 0.001}\n", (4, 12), "mmengine"),
        ("  custom_keys:\n    head: {weight_decay: 0.001, lr_mult: 1}\n", (4, 12), "mmengine"),
    ],
)
def test_an_option_of_a_sister(tmp_path: Path, options: str, place: tuple[int, int], reader: str) -> None:
    report = audit(tmp_path, HEAD + options)
    assert places(report, "PG014") == [("PG014", *place)]
    assert reader in only(report, "PG014").message
    assert report["0.weight"].lr == 0.1  # ignored, as the library ignores it


@pytest.mark.parametrize(
    ("option", "constructor"),
    [
        ("layer_decay: 0.75", "timm"),
        ("rules: [{match: {name: '*.bias'}, weight_decay: 0}]", "rules"),
        ("wd_mults: [['.*', 1]]", "regex"),
    ],
)
def test_the_hint_names_the_constructor_that_reads_an_option(tmp_path: Path, option: str, constructor: str) -> None:
    found = only(audit(tmp_path, f"{HEAD}  {option}\n"), "PG014")
    assert found.hint == f"`constructor: {constructor}` reads it"
    followed = audit(tmp_path, f"{HEAD}  {option}\nconstructor: {constructor}\n")
    assert not places(followed, "PG011") + places(followed, "PG014")


def test_openmmlabs_options_in_a_solver(tmp_path: Path) -> None:
    report = audit(tmp_path, "solver: {basic_lr: 0.1, norm_decay_mult: 0}\nparamwise_cfg: {}\n")
    assert places(report, "PG014") == [("PG014", 1, 25), ("PG014", 2, 1)]


def test_own_options_are_silent(tmp_path: Path) -> None:
    assert places(audit(tmp_path, HEAD + "  norm_decay_mult: 0\n  custom_keys: {'0': {lr_mult: 2}}\n"), "PG014") == []


def test_mmengine_reads_what_mmcv_ignores(tmp_path: Path) -> None:
    options = "  flat_decay_mult: 0\n  custom_keys: {'0': {lr: 0.001, weight_decay: 0.5}}\nconstructor: mmengine\n"
    report = audit(tmp_path, HEAD + options)
    assert places(report, "PG014") == places(report, "PG011") == []
    assert (report["0.weight"].lr, report["0.weight"].weight_decay, report["1.bias"].weight_decay) == (0.001, 0.5, 0.0)


def test_an_option_that_no_default_constructor_reads(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "  layer_decay_rate: 0.9\nconstructor: mmengine\n")
    assert "mmpretrain's, mmseg's and mmpose's layer decay; mmengine ignores it" in only(report, "PG014").message
