"""What is tried on the command line is what the file would say with it written in, for each command that takes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgaudit import cli
from pgaudit.cli.check import check
from pgaudit.cli.diff import diff
from pgaudit.cli.explain import explain
from pgaudit.cli.show import show
from tests.budget import examples

CONFIG = """\
model: nets.py:tiny
constructor: mmcv
optimizer: {type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1.0e-4}
paramwise_cfg:
  norm_decay_mult: 0
"""
NETS = """
from torch import nn, optim
def tiny(): return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
def make():
    model = tiny()
    return model, optim.SGD(model.parameters(), lr=0.1)
"""
PROJECT = """\
audits:
  - {name: one, config: c.yaml}
  - {name: other, config: agreed.yaml}
  - {name: code, built: nets.py:make}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    bare = "optimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {norm_decay_mult: 0}\n"
    agreed = f"{CONFIG}expect: {{params: {{0.weight: {{lr: 0.1}}}}}}\n"
    for name, text in (("c.yaml", CONFIG), ("agreed.yaml", agreed), ("bare.yaml", bare), ("nets.py", NETS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.count("error:") == 1
    return err


def test_all_commands_have_the_same_options() -> None:
    def options(command: click.Command) -> list[tuple[Any, ...]]:
        wanted = {"--optimizer", "--lr", "--weight-decay", "--set"}
        declared = (each for each in command.params if isinstance(each, click.Option))
        return [(each.opts, each.help) for each in declared if wanted & {*each.opts}]

    first, *others = map(options, (show, explain, check, diff))
    assert len(first) == 4
    assert others == [first] * 3


VALUES: dict[tuple[str, ...], list[float]] = {
    ("paramwise_cfg", "norm_decay_mult"): [0.5, 1, 2],
    ("paramwise_cfg", "bias_lr_mult"): [0, 2],
    ("paramwise_cfg", "custom_keys", "1.", "decay_mult"): [0, 3],
    ("optimizer", "momentum"): [0, 0.5],
}
CHANGES = st.fixed_dictionaries({}, optional={path: st.sampled_from(values) for path, values in VALUES.items()})


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.sampled_from([0.1, 0.01, 3.0]), st.sampled_from([None, 0.0, 0.05]))
def test_every_command_answers_as_of_the_file_with_it_written_in(
    capsys: pytest.CaptureFixture[str], changes: dict[tuple[str, ...], float], lr: float, decay: float | None
) -> None:
    written: dict[str, Any] = yaml.safe_load(CONFIG)
    written["optimizer"].update({"lr": lr} if decay is None else {"lr": lr, "weight_decay": decay})
    options = ["--lr", str(lr), *([] if decay is None else ["--weight-decay", str(decay)])]
    for path, value in changes.items():
        at = written
        for section in path[:-1]:
            at = at.setdefault(section, {})
        at[path[-1]] = value
        words = ".".join(f'"{step}"' if "." in step else step for step in path)
        options += ["--set", f"{words}={value}"]
    Path("written.yaml").write_text(yaml.safe_dump(written, sort_keys=False))

    def said(*arguments: str) -> Any:
        code, out, _ = _run(capsys, *arguments, "--format", "json")
        return code, _comparable(json.loads(out))

    assert said("explain", "c.yaml", "*", *options) == said("explain", "written.yaml", "*")
    assert said("diff", "c.yaml", *options, "--exit-code") == said("diff", "c.yaml", "written.yaml", "--exit-code")
    assert said("check", "c.yaml", *options) == said("check", "written.yaml")


def _comparable(data: Any) -> Any:
    """What is said, but for the names of files and the places in them, and what is tried."""
    if isinstance(data, dict):
        left_out = ("path", "config", "title", "tried", "location", "line", "column", "config_line")
        return {key: _comparable(value) for key, value in data.items() if key not in left_out}
    if isinstance(data, list):
        return sorted(map(_comparable, data), key=json.dumps)  # findings stand in the order of their places
    return data


def test_explain_tells_what_is_tried_without_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    out = _run(capsys, "explain", "c.yaml", "1.bias", "--set", "paramwise_cfg.norm_decay_mult=0.5", "--lr", "0.7")[1]
    assert "✓ norm_decay_mult  BatchNorm1d is a norm  decay 5e-5" in out
    assert "lr    = 0.7 (the optimizer's own value)" in out


@pytest.mark.parametrize(
    "words", [("resnet18", "fc.weight"), ("-m", "resnet18", "fc.weight"), ("-m", "nets.py:tiny", "0.weight")]
)
def test_explain_needs_no_config_for_what_is_tried(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    code, out, err = _run(capsys, "explain", *words, "--optimizer", "SGD", "--lr", "0.3")
    assert (code, err) == (0, "")
    assert "lr    = 0.3 (the optimizer's own value)" in out
    assert "PARAM is missing" in _refused(capsys, "explain", *words)


def test_diff_of_one_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "diff", "c.yaml", "--set", "paramwise_cfg.norm_decay_mult=1", "--exit-code") == (
        1,
        """\
c.yaml → c.yaml --set paramwise_cfg.norm_decay_mult=1
nets.py:tiny · 4 tensors · mmcv · SGD

  parameter        ×    lr     decay     decided by
~ 1.{weight,bias}  2    0.1  ▲ 0 → 1e-4  norm_decay_mult

~ 2 changed · 2 unchanged
""",
        "",
    )


@pytest.mark.parametrize(
    ("words", "head"),
    [
        ("nets.py:tiny bare.yaml --lr 1", "bare.yaml → bare.yaml --lr 1\nnets.py:tiny"),
        ("-m nets.py:tiny bare.yaml --lr 1", "bare.yaml → bare.yaml --lr 1\nnets.py:tiny"),
        ("resnet18 c.yaml --lr 1", "c.yaml → c.yaml --lr 1\nresnet18"),
        ("nets.py:make c.yaml --lr 1", "nets.py:make → c.yaml --lr 1\n"),
        ("agreed.yaml c.yaml --lr 1", "agreed.yaml → c.yaml --lr 1\n"),
        ("c.yaml --constructor torch --lr 1", "c.yaml → c.yaml --constructor torch --lr 1\n"),
        ("bare.yaml -m nets.py:tiny --constructor mmengine", "bare.yaml → bare.yaml --constructor mmengine\n"),
    ],
)
def test_which_side_is_changed(capsys: pytest.CaptureFixture[str], words: str, head: str) -> None:
    Path("bare.yaml").write_text("optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n")
    code, out, err = _run(capsys, "diff", *words.split())
    assert code == 0, err
    assert out.startswith(head)


def test_diff_for_programs_says_what_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_run(capsys, "diff", "c.yaml", "--lr", "1", "--format", "json")[1])
    assert [(data[side]["path"], data[side].get("tried")) for side in "ab"] == [("c.yaml", None), ("c.yaml", "--lr 1")]


@pytest.mark.skipif(os.name != "posix", reason="a shell's pipe")
def test_a_pipe_is_not_read_twice(folder: Path) -> None:
    command = [sys.executable, "-m", "pgaudit", "diff", "-", "--lr", "1"]
    found = subprocess.run(command, input=CONFIG, capture_output=True, text=True, cwd=folder, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert "is a pipe, which cannot be read twice" in found.stderr


def test_an_error_of_the_file_itself_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    err = _refused(capsys, "diff", "nets.py:tiny", "bare.yaml", "--weight-decay", "0.1")
    assert "bare.yaml:2:17: error: as it is written: " in err
    assert "there is no weight_decay to multiply" in err
    Path("empty.yaml").write_text("paramwise_cfg: {norm_decay_mult: 0}\n")
    assert "as it is written: " in _refused(
        capsys, "diff", "resnet18", "empty.yaml", *"--optimizer SGD --lr 1 --weight-decay 0.1".split()
    )


@pytest.mark.parametrize("command", [["explain", "c.yaml", "0.weight"], ["diff", "c.yaml"]])
def test_a_typo_is_told_where_no_findings_are_shown(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    for setting, expected in (
        ("paramwise_cfg.nrom_decay_mult=1", 'has no option "nrom_decay_mult"'),
        ("paramwise_cfg.custom_keys.nothing.lr_mult=1", 'note: "nothing" matches no parameter'),
    ):
        code, _, err = _run(capsys, *command, "--set", setting)
        assert code == 0
        assert expected in err
    assert _run(capsys, *command, "--lr", "1")[2] == ""


WRONG = [
    (["--set", "x"], "--set x is not key=value"),
    (["--set", "optimizer..lr=1"], "is no path of keys"),
    (["--set", "optimizer.lr=["], "not YAML"),
    (["--set", "optimzer.lr=1"], 'did you mean "optimizer"?'),
    (["--lr", "x"], "'x' is not a valid float"),
    (["--weight-decay", "x"], "'x' is not a valid float"),
    (["--optimizer", "SDG"], 'did you mean "SGD"?'),
    (["--constructor", "mmvc"], 'did you mean "mmcv"?'),
]


@pytest.mark.parametrize("command", [["show", "c.yaml"], ["explain", "c.yaml", "0.weight"], ["diff", "c.yaml"]])
@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_one_refusal_for_every_command(
    capsys: pytest.CaptureFixture[str], command: list[str], wrong: list[str], message: str
) -> None:
    err = _refused(capsys, *command, *wrong)
    assert message in err
    code, out, told = _run(capsys, "check", "c.yaml", *wrong)
    assert code == 2
    assert message in " ".join((out + told).split())


@pytest.mark.parametrize("source", ["nets.py:make", "r.json"])
def test_what_is_no_config_has_no_values_to_replace(capsys: pytest.CaptureFixture[str], source: str) -> None:
    assert _run(capsys, "show", "c.yaml", "--format", "json", "-o", "r.json")[0] == 0
    for command in (["show", source], ["explain", source, "0.weight"], ["diff", source], ["diff", "c.yaml", source]):
        err = _refused(capsys, *command, "--lr", "1")
        assert f'--optimizer, --lr, --weight-decay and --set are for a config, and "{source}" is none' in err
        assert "drop --lr 1" in err
    assert "--constructor is for a config" in _refused(capsys, "diff", source, "--constructor", "timm")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("check c.yaml --lr 1 --fix", "--fix takes the config as it is written, and --lr 1 tries another"),
        ("check --lr 1 --dry-run", "--dry-run takes the config as it is written"),
        ("check c.yaml --lr 1 --write-baseline b.json", "--write-baseline takes the config as it is written"),
        ("show c.yaml --set a=1 --fix", "--fix takes the config as it is written, and --set a=1 tries another"),
        ("show resnet18 --fix", "--fix writes into a config, and none is named"),
        ("check resnet18 --lr 1", 'CONFIG is missing after "resnet18"'),
        ("diff resnet18 --lr 1", 'CONFIG is missing after "resnet18"'),
        ("diff -m resnet18 resnet34 c.yaml --lr 1", "two models are named"),
        ("diff c.yaml --key x --lr 1", "--key is for a checkpoint"),
        ("explain c.yaml --lr 1", "PARAM is missing"),
        ("explain resnet18 c.yaml --lr 1", "PARAM is missing"),
        ("explain resnet18 fc.wieght --lr 1", 'did you mean "fc.weight"?'),
        ("diff c.yaml", "or [MODEL] CONFIG --lr 0.1"),
    ],
)
def test_what_does_not_go_together(capsys: pytest.CaptureFixture[str], folder: Path, words: str, message: str) -> None:
    (folder / "pgaudit.yaml").write_text(PROJECT)
    assert message in _refused(capsys, *words.split())
    assert (folder / "c.yaml").read_text() == CONFIG
    assert not (folder / "b.json").exists()


def test_check_tries_them_on_each_config_of_a_project(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "pgaudit.yaml").write_text(PROJECT)
    assert _run(capsys, "check")[0] == 0
    code, out, _ = _run(capsys, "check", "--lr", "0.2", "-j", "2")
    lines = [line.split()[:5] for line in out.splitlines() if " --lr 0.2 " in line]
    assert [line[line.index("--lr") - 1] for line in lines] == ["one", "other", "code"]
    assert code == 2  # code has no lr that could be another
    assert "✓ passed       one" in out
    assert "expected lr 0.1, got 0.2" in " ".join(out.split())
    assert _run(capsys, "check", "--lr", "0.2", "--select", "one")[0] == 0
    assert _run(capsys, "check", "--lr", "0.2", "--select", "o*")[0] == 1


def test_the_gate_holds_what_is_tried_against_lock_and_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "lock", "c.yaml", "-o", "c.lock")[0] == 0
    assert _run(capsys, "check", "c.yaml", "--lock", "c.lock")[0] == 0
    code, out, err = _run(capsys, "check", "c.yaml", "--lock", "c.lock", "--lr", "0.2")
    assert code == 1
    assert "write --lr 0.2 into c.yaml, then pgaudit lock c.yaml -o c.lock --update" in " ".join(out.split())
    typo = CONFIG.replace("norm_decay", "nrom_decay")
    Path("typo.yaml").write_text(typo)
    assert _run(capsys, "check", "typo.yaml", "--write-baseline", "known.json")[0] == 0
    code, out, err = _run(capsys, "check", "c.yaml", "--baseline", "known.json", "-v", "--lr", "0.2")
    assert code == 0
    assert "which is fixed" not in out
    code, out, err = _run(capsys, "check", "typo.yaml", "--lr", "0.2")
    assert code == 1
    assert "fixable" not in err
