"""Configs, each read once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.sweep.policies import SweepConfig, portable_names, read_policies

TEXT = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\nparamwise_cfg:\n  norm_decay_mult: 0\n"


def _policy(path: Path, text: str, constructor: str | None = None) -> SweepConfig:
    path.write_text(text)
    return read_policies([str(path)], constructor)[0]


def test_a_digest_is_of_what_a_config_says_and_where(tmp_path: Path) -> None:
    first = _policy(tmp_path / "a.yaml", TEXT)
    assert first.digest == _policy(tmp_path / "b.yaml", TEXT).digest
    changed = [
        TEXT.replace("lr: 0.1", "lr: 0.2"),
        "\n" + TEXT,
        TEXT.replace("  norm", "   norm"),
        TEXT + "model: resnet18\n",
    ]
    digests = {_policy(tmp_path / "c.yaml", text).digest for text in changed}
    assert len(digests | {first.digest}) == len(changed) + 1
    assert first.digest != _policy(tmp_path / "a.yaml", TEXT, "mmengine").digest


def test_a_process_thaws_a_config_once(tmp_path: Path) -> None:
    policy = _policy(tmp_path / "a.yaml", TEXT)
    assert policy.config.path == str(tmp_path / "a.yaml")
    assert pickle.loads(pickle.dumps(policy)).config is policy.config


def test_all_problems_of_all_configs(tmp_path: Path) -> None:
    for name, text in (("a", "optimzer: {}\n"), ("b", TEXT), ("c", f"{TEXT}finding_s: {{}}\nparamwise_cgf: {{}}\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_policies([str(tmp_path / name) for name in "abcd"])
    files = [Path(problem.location.path or "").name if problem.location else "" for problem in raised.value.findings]
    assert list(dict.fromkeys(files)) == ["a", "c", ""]
    assert '"' + str(tmp_path / "d") in raised.value.findings[-1].message


def test_an_unknown_constructor_is_said_once() -> None:
    with pytest.raises(UsageError, match="mmvc"):
        read_policies(["a", "b"], "mmvc")


def test_one_config_named_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    assert len(read_policies([str(tmp_path / "a.yaml")] * 2)) == 1


def test_names_are_without_folders_as_long_as_they_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert portable_names([f"{tmp_path}/x/a", "b", "/elsewhere/c"]) == ["x/a", "b", "c"]
    assert portable_names(["/far/x/a", "/far/y/a"]) == ["x/a", "y/a"]
