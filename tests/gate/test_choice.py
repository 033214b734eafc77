"""Which findings count, as a command line says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit import cli

POLICY = """\
model: resnet18
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg: {norm_decay_mul: 0, custom_keys: {nothing: {lr_mult: 2}}}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(POLICY)


CASES = {
    "": (1, {"PG011", "PG001"}),
    "--ignore PG011": (0, {"PG001"}),
    "--ignore unknown-option,PG001": (0, set()),
    "--select PG001": (0, {"PG001"}),
    "--select PG001 --severity dead-key=error": (1, {"PG001"}),
    "--severity PG011=info": (0, {"PG001", "PG011"}),
    "--select PG003": (0, set()),
    "--select overmatch,dead-key": (0, {"PG001"}),
}


@pytest.mark.parametrize("options", CASES)
def test_check_and_show(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, expected = CASES[options]
    assert cli.main(["check", "a.yaml", "--format", "concise", "-v", *options.split()]) == code
    check = capsys.readouterr().out
    assert cli.main(["show", "a.yaml", "-v", *options.split()]) == 0
    shown = capsys.readouterr().out
    for known in ("PG001", "PG011"):
        assert (known in check) == (known in shown) == (known in expected)


def test_what_is_left_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["show", "a.yaml", "--ignore", "PG011,PG001"])
    assert "2 ignored" in capsys.readouterr().out


def test_audits_of_a_project_are_chosen_by_name_and_findings_by_code(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pgaudit.yaml").write_text("audits: [{name: one, config: a.yaml}, {name: other, config: a.yaml}]\n")
    assert cli.main(["check", "--select", "one", "--select", "PG001"]) == 0
    assert "other" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--ignore PG999", "there is no finding PG999"),
        ("--ignore overmtch", 'did you mean "overmatch"'),
        ("--severity PG011", "is not CODE=LEVEL"),
        ("--severity PG011=eror", 'did you mean "error"'),
    ],
)
def test_a_typo(option: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "show"):
        assert cli.main([command, "a.yaml", *option.split()]) == 2
        assert message in capsys.readouterr().err
