"""`pgaudit lock` as a user types it: what it writes, what it rewrites, and what it refuses to."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from pgaudit import cli

CONFIG = (
    "model: nets.py:tiny\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\nparamwise_cfg:\n  norm_decay_mult: 0\n"
)
LOCK = """\
pgaudit lock, format 1
# Agreed settings: `pgaudit lock --update` rewrites this file, `pgaudit check --lock` compares with it.
model: nets.py:tiny
source: file
constructor: mmcv
optimizer: {"type": "SGD", "lr": 0.1, "weight_decay": 0.0001}

# lr  weight_decay  rule: parameters
0.1  0.0001  default: 0.{weight,bias}
0.1  0.0  weight_decay norm_decay_mult: 1.{weight,bias}
# end
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "nets.py").write_text(
        "from torch import nn\ndef tiny(): return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))\n"
    )
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["lock", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_is_written_to_stdout_or_whole_to_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "c.yaml") == (0, LOCK, "")
    assert _run(capsys, "c.yaml", "-o", "a.lock") == (0, "", "")
    assert (folder / "a.lock").read_text() == LOCK
    assert _run(capsys, "c.yaml", "-o", "a.lock", "--update") == (0, "", "")  # nothing to say
    assert cli.main(["check", "c.yaml", "--lock", "a.lock"]) == 0


def test_it_is_rewritten_only_when_that_is_asked_for(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "c.yaml", "-o", "a.lock")[0] == 0
    (folder / "a.lock").chmod(0o640)
    (folder / "c.yaml").write_text(CONFIG.replace("norm_decay_mult: 0", "norm_decay_mult: 0.5"))
    code, _, err = _run(capsys, "c.yaml", "-o", "a.lock")
    assert code == 2
    assert "a.lock exists, and agrees on other settings: ~ 2 changed · 2 unchanged" in err
    assert "--update rewrites it" in err
    assert (folder / "a.lock").read_text() == LOCK
    code, _, err = _run(capsys, "c.yaml", "-o", "a.lock", "--update")
    assert (code, err) == (0, "a.lock: ~ 2 changed · 2 unchanged\n")
    before, after = LOCK.splitlines(), (folder / "a.lock").read_text().splitlines()
    assert [line for line in after if line not in before] == [
        "0.1  5e-05  weight_decay norm_decay_mult: 1.{weight,bias}"
    ]
    assert len(before) == len(after)
    assert stat.S_IMODE((folder / "a.lock").stat().st_mode) == 0o640


def test_other_rules_with_the_same_values_need_no_leave(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "c.yaml", "-o", "a.lock")[0] == 0
    (folder / "c.yaml").write_text(CONFIG + "  custom_keys: {'0': {}}\n")
    assert _run(capsys, "c.yaml", "-o", "a.lock") == (0, "", "")
    assert 'custom_keys."0": 0.{weight,bias}' in (folder / "a.lock").read_text()


DAMAGED = {
    "cut": LOCK[:-30],
    "a conflict": LOCK.replace("0.1  0.0001", "<<<<<<< HEAD\n0.1  0.0001"),
    "a conflict in the first line": "<<<<<<< HEAD\n" + LOCK,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_lock_is_replaced_only_when_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], folder: Path, damage: str
) -> None:
    (folder / "a.txt").write_text(DAMAGED[damage])
    code, _, err = _run(capsys, "c.yaml", "-o", "a.txt")
    assert code == 2
    assert err.startswith("a.txt:")
    assert (folder / "a.txt").read_text() == DAMAGED[damage]
    assert _run(capsys, "c.yaml", "-o", "a.txt", "--update")[0] == 0
    assert (folder / "a.txt").read_text() == LOCK


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("other.yaml", CONFIG, "this is no lock of pgaudit"),
        ("a.lock", LOCK.replace("format 1", "format 5"), "lock format 5; this pgaudit reads 4"),
    ],
)
def test_what_is_no_lock_or_a_newer_one_is_never_replaced(
    capsys: pytest.CaptureFixture[str], folder: Path, name: str, text: str, message: str
) -> None:
    (folder / name).write_text(text)
    for options in ([], ["--update"]):
        code, _, err = _run(capsys, "c.yaml", "-o", name, *options)
        assert code == 2
        assert message in err
        assert (folder / name).read_text() == text


WRONG = {
    "no arguments": ([], "CONFIG is missing"),
    "no file to update": (["c.yaml", "--update"], "--update rewrites a file, and none is named"),
    "a folder": (["c.yaml", "-o", "."], "it is a folder"),
    "no folder": (["c.yaml", "-o", "no/a.lock"], "cannot write"),
    "no config": (["d.yaml"], 'did you mean "c.yaml"?'),
    "no model": (["nets.py:tinny", "c.yaml"], 'did you mean "tiny"?'),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_whatever_is_wrong_is_one_message_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("error: ") == 1
    assert "Traceback" not in err


def test_a_full_disk_leaves_the_old_lock(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(capsys, "c.yaml", "-o", "a.lock")[0] == 0
    (folder / "c.yaml").write_text(CONFIG.replace("lr: 0.1", "lr: 0.2"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", full)
        assert _run(capsys, "c.yaml", "-o", "a.lock", "--update")[0] == 2
    assert (folder / "a.lock").read_text() == LOCK
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
