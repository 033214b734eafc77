"""The gate as a team uses it: a real model, a lock under version control, a change, and who is told what."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit import cli

POLICY = """\
optimizer:
  type: SGD
  lr: 0.1
  momentum: 0.9
  weight_decay: 1.0e-4
paramwise_cfg:
  norm_decay_mult: 0
  custom_keys:
    fc.: {lr_mult: 10}
    layer4.1.: {lr_mult: 0.5}
"""
PROJECT = "audits:\n  - {name: resnet, model: resnet18, config: policy.yaml, lock: policy.lock}\n"
UPDATE = "lock resnet18 policy.yaml -o policy.lock --update"


class Repository:
    """A scratch git repository under nobody's configuration, and pgaudit run in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        self.git("init", "--quiet")
        self.git("config", "user.name", "A")
        self.git("config", "user.email", "a@example.org")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, env=self._environment, capture_output=True, encoding="utf-8", check=True
        ).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")

    def pgaudit(self, line: str) -> tuple[int, str]:
        code = cli.main(line.split())
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out + captured.err

    def edit(self, before: str, after: str, name: str = "policy.yaml") -> None:
        text = (self.root / name).read_text()
        assert text.count(before) == 1
        (self.root / name).write_text(text.replace(before, after))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Repository:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    root = tmp_path / "repository"
    root.mkdir()
    (root / "policy.yaml").write_text(POLICY)
    (root / "pgaudit.yaml").write_text(PROJECT)
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return Repository(root, capsys)


def _names(first: str, *others: str) -> set[str]:
    """The parameters of resnet18 under some prefixes."""
    import timm

    return {name for name, _ in timm.create_model("resnet18").named_parameters() if name.startswith((first, *others))}


def _moved(repository: Repository) -> set[str]:
    """The parameters that the lock's failures name, each once, read as a program would."""
    from pgaudit.config.project import find_project
    from pgaudit.gate.many import audits_of, run_all

    (outcome,) = run_all(audits_of(find_project()))
    names = [name for notice in outcome.failures if notice.code == "lock" for name in notice.params]
    assert len(names) == len(set(names))
    return set(names)


def test_a_change_is_seen_agreed_on_and_passes(repository: Repository) -> None:
    code, said = repository.pgaudit("check")
    assert code == 2
    assert "no such lock file" in said
    assert "pgaudit lock resnet18 policy.yaml -o policy.lock" in said
    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 0
    repository.commit()
    assert repository.pgaudit("check")[0] == 0

    repository.edit("fc.: {lr_mult: 10}", "fc.: {lr_mult: 5}")
    code, said = repository.pgaudit("check")
    assert code == 1
    assert "policy.yaml:9:5" in said
    assert "lr 1.0 → 0.5 by custom_keys.fc." in said
    assert "layer" not in said
    assert "conv1" not in said
    assert _moved(repository) == _names("fc.")

    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 2  # not unasked
    assert repository.pgaudit(UPDATE)[0] == 0
    assert repository.pgaudit("check")[0] == 0
    assert [
        line for line in repository.git("diff", "--unified=0", "policy.lock").splitlines() if line[1:2] != line[:1]
    ][-2:] == ['-1.0  0.0001  custom_keys."fc.": fc.{weight,bias}', '+0.5  0.0001  custom_keys."fc.": fc.{weight,bias}']
    repository.commit()
    assert repository.git("status", "--porcelain") == ""


def test_a_change_of_an_option_names_what_it_moved_and_no_other(repository: Repository) -> None:
    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 0
    repository.edit("norm_decay_mult: 0", "norm_decay_mult: 0.5")
    assert repository.pgaudit("check")[0] == 1
    norms = {name for name in _names("bn", "layer") if ".bn" in f".{name}" or ".downsample.1." in name}
    assert _moved(repository) == {name for name in norms if not name.startswith("layer4.1.")}
    assert repository.pgaudit(UPDATE)[0] == 0
    assert repository.pgaudit("check")[0] == 0


def test_a_change_above_a_rule_moves_nothing(repository: Repository) -> None:
    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 0
    repository.edit("optimizer:\n", "# why it is so\n\noptimizer:\n")
    repository.edit("lr_mult: 0.5", "lr_mult: 5.0e-1")
    assert repository.pgaudit("check")[0] == 0


def test_a_typo_in_a_key_of_pgaudit_cannot_be_checked(repository: Repository) -> None:
    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 0
    repository.edit("optimizer:\n", "optimzer:\n")
    code, said = repository.pgaudit("check")
    assert code == 2
    assert "policy.yaml:1:1" in said
    assert 'did you mean "optimizer"?' in said


def test_a_typo_that_the_library_ignores_fails(repository: Repository) -> None:
    repository.edit("norm_decay_mult", "norm_decay_mutl")
    code, said = repository.pgaudit("check resnet18 policy.yaml")
    assert code == 1
    assert "policy.yaml:7:3" in said
    assert "PG011" in said
    assert 'did you mean "norm_decay_mult"?' in said


def test_a_merge_conflict_in_the_lock_is_named(repository: Repository) -> None:
    assert repository.pgaudit("lock resnet18 policy.yaml -o policy.lock")[0] == 0
    repository.commit()
    main = repository.git("branch", "--show-current").strip()
    for branch, mult in (("one", "5"), ("two", "7")):
        repository.git("switch", "--quiet", "--create", branch, main)
        repository.edit("lr_mult: 10", f"lr_mult: {mult}")
        assert repository.pgaudit(UPDATE)[0] == 0
        repository.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "--quiet", "one")
    (repository.root / "policy.yaml").write_text(POLICY)
    code, said = repository.pgaudit("check")
    assert code == 2
    assert "policy.lock:" in said
    assert "merge conflict" in said
    assert repository.pgaudit(UPDATE)[0] == 0
    assert repository.pgaudit("check")[0] == 0


def test_known_findings_stay_and_new_ones_fail(repository: Repository) -> None:
    repository.edit("fc.:", "fcc.:")
    assert repository.pgaudit("check resnet18 policy.yaml --fail-on warning")[0] == 1
    assert repository.pgaudit("check resnet18 policy.yaml --write-baseline known.json")[0] == 0
    known = "check resnet18 policy.yaml --fail-on warning --baseline known.json"
    assert repository.pgaudit(known)[0] == 0
    repository.edit("layer4.1.", "layer5.1.")
    code, said = repository.pgaudit(known)
    assert code == 1
    assert "layer5.1." in said
    assert '"fcc."' not in said
    codes = {entry["code"] for entry in json.loads((repository.root / "known.json").read_text())["findings"]}
    assert "PG001" in codes
