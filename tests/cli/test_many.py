"""Globs for configs, and standard input for one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit import cli

POLICY = "model: resnet18\noptimizer: {type: SGD, lr: 0.1}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("configs").mkdir()
    for name in ("a", "b"):
        Path(f"configs/{name}.yaml").write_text(POLICY)


def _checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert cli.main(["check", *arguments, "--format", "json"]) == 0
    return [audit["config"] for audit in json.loads(capsys.readouterr().out)["audits"]]


def test_check_of_a_glob(capsys: pytest.CaptureFixture[str]) -> None:
    assert _checked(capsys, "configs/*.yaml") == ["configs/a.yaml", "configs/b.yaml"]
    assert _checked(capsys, "resnet18", "configs/*.yaml") == ["configs/a.yaml", "configs/b.yaml"]


@pytest.mark.parametrize("place", ["pgaudit.yaml", "configs/pgaudit.yaml"])
def test_a_project_lists_a_glob(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "configs/*.yaml" if place == "pgaudit.yaml" else "?.yaml"
    Path(place).write_text(f"audits: [{{name: all, config: '{entry}'}}]\n")
    assert _checked(capsys, "--project", place) == ["configs/a.yaml", "configs/b.yaml"]
    assert _checked(capsys, "--project", place, "--select", "all configs/b*") == ["configs/b.yaml"]


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("audits: [{config: 'x*.yaml'}]", 'pgaudit.yaml:1:11  error  "x*.yaml" matches no file'),
        (
            "audits: [{config: 'configs/*.yaml', lock: a.lock}]",
            '"configs/*.yaml" stands for 2 configs, and a lock is of one',
        ),
    ],
)
def test_what_a_glob_cannot_be(project: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pgaudit.yaml").write_text(project)
    assert cli.main(["check"]) == 2
    out, err = capsys.readouterr()
    assert message.replace("  error  ", ": error: ") in out + err or message in out + err


def test_no_lock_and_no_match_for_a_glob(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["configs/*.yaml", "--lock", "a.lock"], "--lock has no meaning with several configs"),
        (["resnet18", "none/*.yaml"], '"none/*.yaml" matches no file'),
    ):
        assert cli.main(["check", *arguments]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "resnet18", "-"],
        ["show", "-"],
        ["check", "-"],
        ["explain", "-", "fc.bias"],
        ["diff", "configs/a.yaml", "-"],
    ],
)
def test_standard_input_is_a_config(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pgaudit", *arguments]
    done = subprocess.run(command, input=POLICY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
