"""What has no effect in the old config is named in the new one, with its place, whatever the target."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from torch import nn

from pgaudit.convert import TARGETS, convert
from pgaudit.convert.source import without_effect
from pgaudit.pipeline import audit

LINES = {
    "optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}": None,
    "paramwise_cfg:": None,
    "  norm_decay_mult: 0.0": None,
    "  bias_decay_mult: 0.0": None,
    "  dwconv_decay_mult: 0.5": "dwconv_decay_mult changes nothing here",
    "  flat_decay_mult: 0.0": "flat_decay_mult",
    "  custom_keys:": None,
    "    hed: {lr_mult: 10}": '"hed" matches no parameter',
    "    '1': {decay_mult: 0.0}": '"1" does not decide',
    "    '1.': {decay_mult: 0.0}": None,
}
WITHOUT_EFFECT = {number: words for number, words in enumerate(LINES.values(), 1) if words}


def _model() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text("\n".join(LINES))
    return "old.yaml"


@pytest.mark.parametrize("to", TARGETS)
def test_each_is_named_with_its_place(to: str, path: str) -> None:
    written = convert(_model(), path, to)
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), written.text.splitlines()))
    for number, words in WITHOUT_EFFECT.items():
        for place in (comments, written.notes):
            assert sum(f"old.yaml:{number}:" in line and words in line for line in place) == 1, (number, place)


@pytest.mark.parametrize("to", TARGETS)
def test_without_such_nothing_is_said(to: str, path: str) -> None:
    for number in sorted(WITHOUT_EFFECT, reverse=True):
        lines = Path(path).read_text().splitlines()
        Path(path).write_text("\n".join(lines[: number - 1] + lines[number:]))
    Path(path).write_text(Path(path).read_text().partition("  custom_keys")[0])
    written = convert(_model(), path, to)
    assert "translated" not in written.text + "".join(written.notes)


def test_what_the_config_ignores_is_named_as_well_and_stays_one_line(path: str) -> None:
    config = yaml.safe_load(Path(path).read_text())
    config["paramwise_cfg"]["custom_keys"]["he\nd\x1b"] = {"lr_mult": 2}
    config["findings"] = {"ignore": {"PG001": "inherited"}}
    report = audit(_model(), config)
    assert [found.code for found in report.ignored] == ["PG001", "PG001"]
    named = without_effect(report)
    assert sum("matches no parameter" in line for line in named) == 2
    assert all(line.isprintable() for line in named)
