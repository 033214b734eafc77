"""Python configs through every command: the right file in every format, and nothing of a config's on the report's
stream.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.openmmlab.marked import written
from tests.parity.client import ROOT, Oracle

FILES = {
    "config.py": """
_base_ = 'schedules/base.py'
print('printed by the config')
model = dict(type='Net')
optim_wrapper = dict(
    optimizer=dict(lr=0.5),
    paramwise_cfg=dict(custom_keys=dict(fc=dict(lr_mult=10.))))
""",
    "schedules/base.py": """
# the schedule
__import__('os').system('echo printed by a child of the config')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, weight_decay=1e-4),
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        custom_keys={'nothing': dict(lr_mult=2.)}))
""",
    "other.py": """
_base_ = 'config.py'
optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mult=0.5))
""",
}
BASE = "schedules/base.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path, FILES)
    return tmp_path


def run(reader: Oracle, folder: Path, *argv: str, code: int = 0) -> str:
    """What stands on stdout."""
    found = reader.ask(folder=str(folder), argv=list(argv))
    assert found["code"] == code, found
    assert "Traceback" not in found["err"]
    out: str = found["out"]
    return out


def test_what_a_config_prints_goes_to_stderr(reader: Oracle, folder: Path) -> None:
    found = reader.ask(folder=str(folder), argv=["show", "resnet18", "config.py"])
    assert "printed by" not in found["out"]
    assert "printed by the config" in found["err"]
    assert "printed by a child" in found["err"]


def test_the_rule_column_names_the_other_file(reader: Oracle, folder: Path) -> None:
    out = run(reader, folder, "show", "resnet18", "config.py", "--fold")
    assert "norm_decay_mult base.py:6" in out
    assert '"fc" :6' in out
    assert 'schedules/base.py:7:22  PG001 dead-key [warning]  "nothing" matches no parameter' in out


def test_explain_names_it(reader: Oracle, folder: Path) -> None:
    out = run(reader, folder, "explain", "resnet18", "config.py", "bn1.weight")
    assert "norm_decay_mult base.py:6" in out


def test_json_csv_and_markdown_name_it(reader: Oracle, folder: Path) -> None:
    report = json.loads(run(reader, folder, "show", "resnet18", "config.py", "--format", "json"))
    param = next(each for each in report["params"] if each["name"] == "bn1.weight")
    rule = {"option": "norm_decay_mult", "key": None, "line": 6, "column": 9}
    assert param["weight_decay_rule"] == {**rule, "path": BASE}
    last = next(each for each in report["params"] if each["name"] == "fc.weight")
    assert last["lr_rule"] == {"option": "custom_keys", "key": "fc", "line": 6, "column": 41}
    dead = next(each for each in report["findings"] if each["code"] == "PG001")
    assert (dead["path"], dead["line"], dead["column"]) == (BASE, 7, 22)
    assert "bn1.weight,,64" in (out := run(reader, folder, "show", "resnet18", "config.py", "--format", "csv"))
    assert "norm_decay_mult,,base.py:6" in out
    assert "schedules/base.py:7:22" in run(reader, folder, "show", "resnet18", "config.py", "--format", "markdown")


@pytest.mark.parametrize(
    ("fmt", "says"),
    [
        ("table", "schedules/base.py:7:22"),
        ("concise", "schedules/base.py:7:22"),
        ("github", "file=schedules/base.py,line=7,col=22"),
        ("gitlab", '"path": "schedules/base.py"'),
        ("sarif", '"uri": "schedules/base.py"'),
        ("junit", "schedules/base.py:7:22"),
        ("json", '"path": "schedules/base.py"'),
        ("markdown", "schedules/base.py:7"),
    ],
)
def test_every_format_of_the_gate_names_it(reader: Oracle, folder: Path, fmt: str, says: str) -> None:
    out = run(reader, folder, "check", "resnet18", "config.py", "--fail-on", "warning", "--format", fmt, code=1)
    assert says in out.replace('"path":"', '"path": "')


def test_the_lock_and_what_has_moved_since(reader: Oracle, folder: Path) -> None:
    run(reader, folder, "lock", "resnet18", "config.py", "-o", "agreed.lock")
    assert "base.py" not in (folder / "agreed.lock").read_text()
    run(reader, folder, "check", "resnet18", "config.py", "--lock", "agreed.lock")
    path = folder / BASE
    path.write_text(path.read_text().replace("norm_decay_mult=0.", "norm_decay_mult=0.1"))
    out = run(reader, folder, "check", "resnet18", "config.py", "--lock", "agreed.lock", "--format", "concise", code=1)
    assert "schedules/base.py:6:9" in out


def test_two_configs_are_compared(reader: Oracle, folder: Path) -> None:
    out = run(reader, folder, "diff", "config.py", "other.py", "--model", "resnet18")
    assert "40 changed" in out
    assert "norm_decay_mult" in out
    github = run(reader, folder, "diff", "other.py", "config.py", "--model", "resnet18", "--format", "github")
    assert "file=schedules/base.py,line=6" in github


def test_a_report_keeps_the_file_of_a_rule(reader: Oracle, folder: Path) -> None:
    run(reader, folder, "show", "resnet18", "config.py", "--format", "json", "-o", "before.json")
    github = run(reader, folder, "diff", "other.py", "before.json", "--model", "resnet18", "--format", "github")
    assert "file=schedules/base.py,line=6" in github


def test_a_project_lists_them_and_its_processes_read_them(reader: Oracle, folder: Path) -> None:
    listed = "audits: [{model: resnet18, config: config.py}, {model: resnet18, config: other.py, name: other}]\n"
    (folder / "pgaudit.yaml").write_text(listed)
    out = run(reader, folder, "check", "--jobs", "2", "--format", "json")
    assert len(json.loads(out)["audits"]) == 2
    (folder / "other.py").write_text("_base_ = 'config.py'\nraise ValueError('no')\n")
    out = run(reader, folder, "check", "--jobs", "2", "--format", "concise", code=2)
    assert "other.py:2:1" in out


def test_its_own_model_needs_its_package(reader: Oracle, folder: Path) -> None:
    found = reader.ask(folder=str(folder), argv=["show", "config.py"])
    assert found["code"] == 2
    assert "config.py:3:1: error: config.py (Net) cannot be built, for the config has no default_scope" in found["err"]
    (folder / "config.py").write_text(FILES["config.py"] + "default_scope = 'mmpretrain'\n")
    found = reader.ask(folder=str(folder), argv=["show", "config.py"])
    assert 'config.py (Net) is a model of "mmpretrain", which is not installed' in found["err"]
    assert "pip install mmpretrain" in found["err"]


def test_the_order_of_arguments(reader: Oracle, folder: Path) -> None:
    found = reader.ask(folder=str(folder), argv=["show", "config.py", "resnet18"])
    assert found["code"] == 2
    assert "MODEL comes before CONFIG" in found["err"]
    assert "pgaudit show resnet18 config.py" in found["err"]
    found = reader.ask(folder=str(folder), argv=["show", "config.py", "other.py"])
    assert "a model of your own is file.py:NAME" in found["err"]


def test_without_mmengine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pgaudit

    assert not (ROOT / "mmengine").exists()
    monkeypatch.chdir(folder)
    with pytest.raises(pgaudit.UsageError) as caught:
        pgaudit.load_config("config.py")
    assert "mmengine, which reads those, is not installed (pip install 'pgaudit[openmmlab]')" in str(caught.value)


def test_pytests_plugin_takes_them(reader: Oracle, folder: Path) -> None:
    """The call that the plug-in makes, in the process that has mmengine."""
    expect = "params: {'*.bn*.weight': {weight_decay: 0, rule: norm_decay_mult}}\n"
    (folder / "expect.yaml").write_text(expect)
    run(reader, folder, "check", "resnet18", "config.py", "--expect", "expect.yaml")
    (folder / "expect.yaml").write_text("params: {'bn1.weight': {weight_decay: 1.0}}\n")
    out = run(reader, folder, "check", "resnet18", "config.py", "--expect", "expect.yaml", code=1)
    assert "norm_decay_mult (schedules/base.py:6:9)" in out
