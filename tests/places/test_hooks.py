"""The hook, run by the real pre-commit in a scratch repository, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.places import workspace
from tests.places.workspace import ROOT

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "file", "PIP_NO_INDEX": "1"}


def _git(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def _committed(folder: Path, environment: dict[str, str]) -> str:
    """Makes a repository of a folder, and returns its commit."""
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        done = _git(folder, environment, *arguments)
        assert done.returncode == 0, done.stderr
    return _git(folder, environment, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return workspace.environment(tmp_path / "bin") | who | home | NO_NETWORK


@pytest.fixture
def repository(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A user's repository with the hook in its config, and the hook's own beside it."""
    hooks, folder = tmp_path / "hooks", tmp_path / "repository"
    hooks.mkdir()
    folder.mkdir()
    (hooks / MANIFEST.name).write_bytes(MANIFEST.read_bytes())
    commit = _committed(hooks, environment)
    repo = {"repo": str(hooks), "rev": commit, "hooks": [{"id": "pgaudit-check"}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))
    workspace.make(folder)
    _committed(folder, environment)
    return folder


def _pre_commit(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_pre_commit_takes_the_manifest() -> None:
    done = _pre_commit(ROOT, {"PYTHONPATH": ""}, "validate-manifest", str(MANIFEST))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_commit_passes_or_is_refused(repository: Path, environment: dict[str, str]) -> None:
    assert _pre_commit(repository, environment, "install").returncode == 0

    (repository / "note.txt").touch()
    _git(repository, environment, "add", "-A")
    skipped = _git(repository, environment, "commit", "-m", "nothing that could move a parameter")
    assert "Skipped" in skipped.stderr, skipped.stderr

    (repository / "net.py").write_text(workspace.NET + "\n")
    passed = _git(repository, environment, "commit", "-am", "the model's file, with the same model")
    assert passed.returncode == 0, passed.stderr
    assert "Passed" in passed.stderr

    workspace.break_agreement(repository)
    refused = _git(repository, environment, "commit", "-am", "no more")
    assert refused.returncode == 1
    assert "Failed" in refused.stderr
    assert "fc.weight: expected lr 1.0, got 0.5 by custom_keys.fc" in " ".join(refused.stderr.split())
    assert _git(repository, environment, "log", "--format=%s", "-1").stdout.startswith("the model's file")


def test_try_repo_shows_what_cannot_be_checked(repository: Path, environment: dict[str, str]) -> None:
    (repository / "config.yaml").write_text("optimzer: {}\n")
    hooks = repository.parent / "hooks"
    done = _pre_commit(repository, environment, "try-repo", str(hooks), "pgaudit-check", "--all-files")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exit code: 2" in done.stdout
    assert "config.yaml:1:1" in done.stdout
