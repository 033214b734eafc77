"""The project file: which one is found, what it may hold, and what is said about one that is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgaudit import ConfigError, UsageError
from pgaudit.config.project import Listed, Project, find_project, load_project
from pgaudit.core.location import Location

TOML = """\
[project]
name = "x"

[tool.pgaudit]
fail_on = "warning"

[[tool.pgaudit.audits]]
name = "one"
config = "a.yaml"

[[tool.pgaudit.audits]]
config = "b.yaml"
  model = "nets.py:tiny"
lock = "locks/b.lock"

[tool.pgaudit.audits.model_args]
width = 3
"""
YAML = """\
fail_on: warning
audits:
  - {name: one, config: a.yaml}
  - config: b.yaml
    model: nets.py:tiny
    lock: locks/b.lock
    model_args: {width: 3}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _errors(folder: Path, text: str, name: str = "pgaudit.yaml") -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        find_project()
    return [finding.sentence for finding in caught.value.findings]


def _bare(project: Project) -> list[tuple[object, ...]]:
    return [(a.name, a.config, a.model, dict(a.model_args), a.lock, a.fail_on) for a in project.audits]


def _place(listed: Listed, key: str) -> Location:
    assert listed.origin is not None
    return listed.origin.location(key)


def test_both_kinds_of_file_say_the_same(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(TOML)
    toml = find_project()
    (folder / "pgaudit.yaml").write_text(YAML)
    yaml = find_project()
    assert (toml.path, yaml.path) == ("pyproject.toml", "pgaudit.yaml")  # YAML wins in one folder
    assert _bare(toml) == _bare(yaml) == [
        ("one", "a.yaml", None, {}, None, "warning"),
        ("", "b.yaml", "nets.py:tiny", {"width": 3}, "locks/b.lock", "warning"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("pgaudit.yaml", YAML, [(3, 5), (3, 17), (4, 5), (5, 5), (4, 5)]),
        ("pyproject.toml", TOML, [(7, 1), (9, 1), (11, 1), (13, 3), (11, 1)]),
    ],
)
def test_everything_keeps_its_place(folder: Path, name: str, text: str, places: list[tuple[int, int]]) -> None:
    (folder / name).write_text(text)
    one, two = find_project().audits
    found = [_place(one, ""), _place(one, "config"), _place(two, ""), _place(two, "model"), _place(two, "expect")]
    assert found == [Location(name, *place) for place in places]


def test_paths_are_beside_the_file_wherever_one_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pgaudit.yaml").write_text(
        "audits: [{config: c/a.yaml, model: 'n/nets.py:x', lock: ./l, expect: /e, baseline: b}, "
        "{config: a.yaml, model: 'pkg.nets:x'}, {config: a.yaml, model: resnet18}]"
    )
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "er")
    one, two, three = find_project().audits
    up = os.path.join("..", "..")
    assert (one.config, one.model, one.lock, one.expect, one.baseline) == (
        f"{up}/c/a.yaml", f"{up}/n/nets.py:x", f"{up}/l", "/e", f"{up}/b",
    )  # fmt: skip
    assert (two.model, three.model) == ("pkg.nets:x", "resnet18")
    assert one.origin is not None
    assert one.origin.path == f"{up}/pgaudit.yaml"


def test_the_nearest_wins_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = folder / "inner"
    (inner / "most").mkdir(parents=True)
    (folder / "pgaudit.yaml").write_text("fail_on: info\naudits: [{config: outer.yaml}]")
    (inner / "pyproject.toml").write_text('tool.pgaudit.audits = [{config = "inner.yaml"}]\n')
    monkeypatch.chdir(inner / "most")
    (listed,) = find_project().audits
    assert (listed.config, listed.fail_on) == ("../inner.yaml", None)


@pytest.mark.parametrize(
    "other",
    [
        '[project]\nname = "x"\n',
        '[project]\nname = "pgaudit"\n',
        "[tool.pgaudit-other]\nx = 1\n",
        "# [tool.pgaudit]\n",
        "not TOML at all: pgaudit\n",
    ],
)
def test_a_pyproject_of_something_else_is_passed_by(folder: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    (folder / "pgaudit.yaml").write_text("audits: [{config: a.yaml}]")
    (folder / "inner").mkdir()
    (folder / "inner" / "pyproject.toml").write_text(other)
    (folder / "inner" / "pgaudit.yaml").mkdir()  # nor is a folder a file
    monkeypatch.chdir(folder / "inner")
    assert find_project().path == "../pgaudit.yaml"


def test_no_project_says_what_to_write(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no pgaudit.yaml and no \[tool.pgaudit\].*pgaudit check MODEL CONFIG"):
        find_project(Path("/"))


AUDIT = "audits: [{config: a.yaml"
WRONG = {
    "empty": ("", "pgaudit.yaml: the file is empty (audits: [{model: resnet50, config: a.yaml}])"),
    "a list": ("[a]", "pgaudit.yaml:1:1: expected a mapping, got a list"),
    "a text": ("a", 'pgaudit.yaml:1:1: expected a mapping, got the text "a"'),
    "null": ("~", "pgaudit.yaml:1:1: a project file lists its audits"),
    "no audits": ("fail_on: error", 'pgaudit.yaml:1:1: "audits" is missing'),
    "empty audits": ("audits: []", "pgaudit.yaml:1:1: audits: there is nothing to check"),
    "audits as a mapping": ("audits: {a: b}", "pgaudit.yaml:1:1: audits: expected a list, got a mapping"),
    "audits of nothing": ("audits:", "pgaudit.yaml:1:1: audits: expected a list, got nothing (null)"),
    "an audit as a text": (
        "audits: [a.yaml]",
        'pgaudit.yaml:1:10: audits.0: expected a mapping, got the text "a.yaml"',
    ),
    "no config": ("audits: [{model: a}]", 'pgaudit.yaml:1:10: "config" is missing'),
    "an empty config": ("audits: [{config: ''}]", "pgaudit.yaml:1:11: audits.0.config: expected a name, got an empty"),
    "an empty lock": (AUDIT + ", lock: ''}]", "pgaudit.yaml:1:27: audits.0.lock: expected a name, got an empty text"),
    "a config that is a number": ("audits: [{config: 3}]", "pgaudit.yaml:1:11: audits.0.config: expected a name, got"),
    "a config that is a list": (
        "audits: [{config: [a]}]",
        "pgaudit.yaml:1:11: audits.0.config: expected a name, got a",
    ),
    "a typo": ("audits: [{confg: a}]", 'pgaudit.yaml:1:11: unknown key "confg" (did you mean "config"?)'),
    "a typo at the top": (AUDIT + "}]\nfail_onn: error", 'pgaudit.yaml:2:1: unknown key "fail_onn" (did you mean "fai'),
    "a severity": ("fail_on: fatal\n" + AUDIT + "}]", "pgaudit.yaml:1:1: fail_on: expected info, warning, error or"),
    "a severity that is off": (AUDIT + ", fail_on: off}]", "pgaudit.yaml:1:27: audits.0.fail_on: expected info, warn"),
    "model_args as a list": (AUDIT + ", model_args: [1]}]", "pgaudit.yaml:1:27: audits.0.model_args: expected a mapp"),
    "two of one name": (
        "audits: [{config: a, name: x}, {config: b, name: x}]",
        'pgaudit.yaml:1:44: audits.1.name: two audits are called "x"',
    ),
    "a constructor": (
        AUDIT + ", constructor: mmvc}]",
        'pgaudit.yaml:1:27: unknown constructor "mmvc" (did you mean "mmcv"?)',
    ),
    "no YAML": ("audits: [", "pgaudit.yaml:1:10: not YAML"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong(folder: Path, text: str, message: str) -> None:
    errors = _errors(folder, text)
    assert any(error.startswith(message) for error in errors), errors


TABLE = "[tool.pgaudit]\n"
WRONG_TOML = {
    "no TOML": (TABLE + "audits = [\nx y", "pyproject.toml:3:1: not TOML: "),
    "twice": (TABLE + "audits = []\naudits = []\n", "pyproject.toml:3:12: not TOML: Cannot overwrite a value"),
    "not UTF-8": (None, "pyproject.toml: not UTF-8 text"),
    "no audits": (TABLE, 'pyproject.toml:1:1: "audits" is missing'),
    "empty audits": (TABLE + "audits = []", "pyproject.toml:2:1: tool.pgaudit.audits: there is nothing to check"),
    "no table": ("tool.pgaudit = 3", "pyproject.toml:1:1: tool.pgaudit: expected a mapping, got the number 3"),
    "a typo": ("\n[[tool.pgaudit.audits]]\n  confg = 'a'\n", 'pyproject.toml:3:3: unknown key "confg" (did you mean'),
    "a date": (
        "[[tool.pgaudit.audits]]\nconfig = 2020-01-01\n",
        "pyproject.toml:2:1: tool.pgaudit.audits.0.config: exp",
    ),
    "a boolean": (
        "[[tool.pgaudit.audits]]\n\nconfig = true\n",
        "pyproject.toml:3:1: tool.pgaudit.audits.0.config: exp",
    ),
    "the second": (
        "[[tool.pgaudit.audits]]\nconfig = '''\nconfig = 3\n'''\n[[tool.pgaudit.audits]] # b\nconfig = 3\n",
        "pyproject.toml:6:1: tool.pgaudit.audits.1.config: expected a name, got the number 3",
    ),
    "inline": (TABLE + "audits = [\n {config = 3}]", "pyproject.toml:2:1: tool.pgaudit.audits.0.config: expected a na"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_TOML.values(), ids=WRONG_TOML)
def test_what_is_wrong_in_toml(folder: Path, text: str | None, message: str) -> None:
    if text is None:
        (folder / "pyproject.toml").write_bytes(b"[tool.pgaudit]\nx = '\xff'")
        with pytest.raises(ConfigError) as caught:
            find_project()
        assert str(caught.value) == message
    else:
        errors = _errors(folder, text, "pyproject.toml")
        assert any(error.startswith(message) for error in errors), errors


def test_all_problems_come_in_one_run(folder: Path) -> None:
    text = "fail_on: x\naudits:\n- {confg: a}\n- 3\n- {config: a, name: n}\n- {config: '', name: n, constructor: z}\n"
    assert [error.partition(": ")[0].removeprefix("pgaudit.yaml:") for error in _errors(folder, text)] == [
        *("1:1", "3:3", "3:4", "4:3", "6:4", "6:16", "6:25")
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pgaudt.yaml", r"no such project file.*did you mean \"pgaudit.yaml\""),
        ("deep", "is a folder, not a project file"),
        ("other.toml", r"other.toml:1:1: this file has no \[tool.pgaudit\]"),
        ("no\0name", "cannot read"),
    ],
)
def test_a_file_that_was_named(folder: Path, name: str, message: str) -> None:
    (folder / "pgaudit.yaml").write_text("audits: []")
    (folder / "other.toml").write_text("[tool.other]\n")
    (folder / "deep").mkdir()
    with pytest.raises(ConfigError, match=message):
        load_project(Path(name))


def test_a_level_of_its_own_wins_and_null_is_none(folder: Path) -> None:
    (folder / "pgaudit.yaml").write_text(
        "fail_on: info\naudits: [{config: a, fail_on: never}, {config: b, fail_on: }, {config: c}]"
    )
    assert [listed.fail_on for listed in find_project().audits] == ["never", "info", "info"]


def test_an_audit_of_what_code_builds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pgaudit.yaml").write_text(
        "audits:\n  - {built: 'c/train.py:make', lock: l}\n  - built: pkg.train:make\n    model: resnet18\n"
    )
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    one, two = find_project().audits
    assert (one.config, one.model, one.lock) == ("../c/train.py:make", None, "../l")
    assert (two.config, two.model) == ("pkg.train:make", "resnet18")
    assert [_place(one, key).column for key in ("config", "model")] == [6, 6]
    assert [_place(two, key).line for key in ("config", "model")] == [3, 4]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{model: resnet18}", '"config" is missing'),
        ("{config: a.yaml, built: 't.py:make'}", "of a config or of something built, not of both"),
        ("{built: a.yaml}", '"a.yaml" names no code'),
        ("{built: 't.py:make', constructor: mmcv}", "a constructor is for a config"),
        ("{built: 3}", "expected a name"),
    ],
)
def test_what_is_audited_is_one_thing(folder: Path, entry: str, words: str) -> None:
    (error,) = _errors(folder, f"audits: [{entry}]")
    assert words in error
