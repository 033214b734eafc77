"""``--fix`` on ``check`` and ``show``, and whether a config then says what its author meant."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit.cli.app import main
from pgaudit.fix import fixed
from pgaudit.fix.judge import judge_of
from pgaudit.gate import Audit
from tests.budget import examples

MODEL = "resnet18.inventory.json"
RIGHT = """\
# what it trains with
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg:
  'norm_decay_mult': 0.0   # norms
  bias_decay_mult: 0.0
"""
TYPOS = RIGHT.replace("norm_decay_mult", "norm_decay_mul").replace("bias_decay_mult", "bias_deacy_mult")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fix")
    assert main(["snapshot", "resnet18", "-o", str(path / MODEL)]) == 0
    return path


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def write(text: str, name: str = "a.yaml") -> Path:
    path = Path(name)
    path.write_bytes(text.encode())
    return path


def test_check_fixes_and_then_checks(capsys: pytest.CaptureFixture[str]) -> None:
    path = write(TYPOS)
    assert main(["check", MODEL, str(path)]) == 1
    assert capsys.readouterr().err == "2 fixable with --fix\n"
    assert main(["check", MODEL, str(path), "--fix"]) == 0
    out, err = capsys.readouterr()
    assert path.read_text() == RIGHT
    assert err.splitlines() == [
        'a.yaml:4:3: fixed: "norm_decay_mul" → "norm_decay_mult"',
        'a.yaml:5:3: fixed: "bias_deacy_mult" → "bias_decay_mult"',
        "2 fixed",
    ]
    assert "passed" in out
    assert main(["check", MODEL, str(path), "--fix"]) == 0
    assert capsys.readouterr().err == "nothing to fix\n"


def test_show_fixes_and_then_shows(capsys: pytest.CaptureFixture[str]) -> None:
    path = write(TYPOS)
    assert main(["show", MODEL, str(path)]) == 0
    assert "2 with a fix (--fix)" in capsys.readouterr().out
    assert main(["show", MODEL, str(path), "--fix", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in report["findings"] if each["severity"] == "error"] == []
    assert path.read_text() == RIGHT


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
@pytest.mark.parametrize("command", ["check", "show"])
def test_a_dry_run_shows_a_diff_and_writes_nothing(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(TYPOS)
    assert main([command, MODEL, str(path), "--fix", option]) == 1
    out, err = capsys.readouterr()
    assert path.read_text() == TYPOS
    assert [line for line in out.splitlines() if line[0] in "+-"] == [
        "--- a.yaml",
        "+++ a.yaml",
        "-  'norm_decay_mul': 0.0   # norms",
        "-  bias_deacy_mult: 0.0",
        "+  'norm_decay_mult': 0.0   # norms",
        "+  bias_decay_mult: 0.0",
    ]
    assert err == "2 fixable with --fix\n"
    write(RIGHT)
    assert main([command, MODEL, str(path), option]) == 0
    assert capsys.readouterr() == ("", "nothing to fix\n")


def test_what_nothing_proves_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no layer5, and whether layer4 was meant, who knows."""
    path = write(RIGHT + "  custom_keys: {layer5: {lr_mult: 2.0}}\n")
    assert main(["check", MODEL, str(path), "--fix"]) == 0
    assert capsys.readouterr().err == "1 fixable with --unsafe-fixes\n"
    assert "layer5" in path.read_text()
    assert main(["check", MODEL, str(path), "--fix", "--unsafe-fixes"]) == 0
    assert capsys.readouterr().err.splitlines()[1:] == ["1 fixed, 1 of them unproved"]
    assert "layer4" in path.read_text()
    assert main(["check", MODEL, str(path), "--unsafe-fixes"]) == 2
    assert "--fix --unsafe-fixes" in capsys.readouterr().err


def test_errors_are_fixed_one_behind_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    right = RIGHT.replace("lr: 0.1", "lr: 0.1, momentum: 0.9")
    path = write(right.replace("optimizer", "optimzer").replace("SGD", "SDG").replace("momentum", "momnetum"))
    assert main(["check", MODEL, str(path), "--fix"]) == 0
    assert path.read_text() == right
    assert capsys.readouterr().err.endswith("3 fixed\n")


def test_what_keeps_a_config_from_being_audited_is_said_after_a_diff(capsys: pytest.CaptureFixture[str]) -> None:
    write("optimzer: {type: SGD, lr: 0.1}\nfindngs: 1\nparamwise_cfg: 3\n")
    assert main(["show", MODEL, "a.yaml", "--diff"]) == 2
    out, err = capsys.readouterr()
    assert "+optimizer: {type: SGD, lr: 0.1}" in out
    assert "a.yaml:3:1: error: paramwise_cfg: expected a mapping" in err


def test_a_lock_or_an_expectation_keeps_a_fix_from_being_safe(capsys: pytest.CaptureFixture[str]) -> None:
    path = write(TYPOS)
    assert main(["lock", MODEL, str(path), "-o", "a.lock"]) == 0
    assert main(["check", MODEL, str(path), "--lock", "a.lock", "--fix"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("fixable with --unsafe-fixes")
    assert path.read_text() == TYPOS


def test_a_config_of_several_audits_is_fixed_for_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    """What is a typo for one model is the right word for another."""
    heads = "optimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {custom_keys: {%s: {lr_mult: 2.0}}}\n"
    Path("two.py").write_text(
        "from torch import nn\n\n\n"
        "def a():\n    return nn.ModuleDict({'header': nn.Linear(2, 2)})\n\n\n"
        "def b():\n    return nn.ModuleDict({'haeder': nn.Linear(2, 2)})\n"
    )
    audits = [{"model": "two.py:a", "config": "a.yaml"}, {"model": "two.py:b", "config": "a.yaml"}]
    Path("pgaudit.yaml").write_text(yaml.safe_dump({"audits": audits}))
    try:
        path = write(heads % "haeder")
        assert main(["check", "two.py:a", str(path), "--diff"]) == 1
        capsys.readouterr()
        assert main(["check", "--fix"]) == 0
        assert path.read_text() == heads % "haeder"
        assert "1 fixable with --unsafe-fixes" in capsys.readouterr().err
    finally:
        os.unlink("pgaudit.yaml")


def test_other_files_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write("SOLVER: {BASE_LR: 0.1, WEIGHT_DECAY_NORN: 0.0}\n", "base.yaml")
    write("_BASE_: base.yaml\nSOLVER: {WEIGHT_DECAY: 0.1}\n")
    assert main(["check", MODEL, "a.yaml", "--fix"]) == 2
    assert "note: base.yaml:1:24 is not fixed: --fix changes a.yaml alone" in capsys.readouterr().err
    Path("b.json").write_text(json.dumps({"optimizer": {"type": "SGD", "lr": 0.1}}))
    assert main(["check", MODEL, "b.json", "--fix"]) == 0
    assert "note: b.json is not fixed: --fix changes files of YAML alone" in capsys.readouterr().err


def test_a_diff_obeys_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    write(TYPOS.replace("# norms", "# \u202enorms\tx") + "# no end", "a.yaml")
    assert main(["check", MODEL, "a.yaml", "--diff"]) == 1
    out = capsys.readouterr().out
    assert "\\u202enorms\tx" in out
    assert out.endswith(" # no end\n\\ No newline at end of file\n")


OPTIONS = ("norm_decay_mult", "bias_decay_mult", "dwconv_decay_mult", "bias_lr_mult")
KEYS = ("layer1", "layer4.1", "conv1", "fc")
ARGUMENTS = ("momentum", "maximize", "foreach", "dampening")


@st.composite
def typo(draw: st.DrawFn, word: str) -> str:
    """The word, or one in which two neighbours within it have changed places or a letter within it is missing."""
    inner = [at for at in range(1, len(word) - 2) if word[at : at + 2].isalpha() and word[at] != word[at + 1]]
    if not inner or not draw(st.booleans()):
        return word
    at = draw(st.sampled_from(inner))
    return word[:at] + draw(st.sampled_from([word[at + 1] + word[at], word[at + 1]])) + word[at + 2 :]


@st.composite
def configs(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The lines of a config as it was meant, and with typos, comments, quotes and odd blanks."""
    right: list[str] = []
    written: list[str] = []

    def line(indent: int, word: str, value: str, *, may_err: bool = True) -> None:
        quote = draw(st.sampled_from(["", "'", '"']))
        rest = f"{' ' * draw(st.integers(0, 1))}: {value}{draw(st.sampled_from(['', '  # fc: layr1', ' #é']))}"
        for lines, each in ((right, word), (written, draw(typo(word)) if may_err else word)):
            lines.append(f"{'  ' * indent}{quote}{each}{quote}{rest}")

    line(0, "optimizer", "")
    line(1, "type", "SGD", may_err=False)
    line(1, "lr", "0.1", may_err=False)
    line(1, "weight_decay", "0.1", may_err=False)  # or else mmcv refuses multipliers of it
    for word in draw(st.lists(st.sampled_from(ARGUMENTS), unique=True)):
        line(1, word, "0.5" if word in ("momentum", "dampening") else "false")
    line(0, "paramwise_cfg", "")
    for word in draw(st.lists(st.sampled_from(OPTIONS), unique=True, min_size=1)):
        line(1, word, "0.5")
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
    if keys:
        line(1, "custom_keys", "")
    for word in keys:
        line(2, word, "{lr_mult: 2.0}")
    return right, written


@settings(max_examples=examples(60))
@given(configs(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_what_was_meant(config: tuple[list[str], list[str]], end: str, beginning: str) -> None:
    """Each line is as it was or as it was meant, byte for byte; and what is wholly mended trains as meant."""
    meant, typos = (f"{beginning}# a comment{end}{end.join(lines)}{end}" for lines in config)
    path = write(typos)
    found = fixed(str(path), typos.encode(), judge_of([Audit(MODEL, str(path))]))
    changed = 0
    for now, then, wanted in zip(found.after.decode().split(end), typos.split(end), meant.split(end), strict=True):
        assert now in (then, wanted)
        changed += now != then
    assert changed == found.safe
    stops = [each for each in found.left if each.stops]
    assert not [each for each in found.left if each.code == "PG011"]
    if not stops and not any(each.is_fixable_in(str(path)) for each in found.left):
        assert effect(found.after) == effect(meant.encode())


def effect(config: bytes) -> list[tuple[Any, ...]]:
    report = pgaudit.audit(MODEL, yaml.safe_load(config))
    return [(row.name, row.lr, row.weight_decay, row.group) for row in report]
