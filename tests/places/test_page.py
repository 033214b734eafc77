"""docs/places.md says what the hook and the action really have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import yaml

import pgaudit
from tests.places.workspace import ROOT

PAGE = (ROOT / "docs" / "places.md").read_text(encoding="utf-8")
BLOCKS = {
    body.partition("\n")[0].removeprefix("# "): yaml.safe_load(body)
    for body in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
}
VERSION = f"v{pgaudit.__version__}"


def _file(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_hook_is_there() -> None:
    (repo,) = BLOCKS[".pre-commit-config.yaml"]["repos"]
    assert {hook["id"] for hook in repo["hooks"]} <= {hook["id"] for hook in _file(".pre-commit-hooks.yaml")}
    assert repo["rev"] == VERSION


def test_the_action_takes_these_inputs() -> None:
    (job,) = BLOCKS[".github/workflows/pgaudit.yml"]["jobs"].values()
    (step,) = job["steps"]
    inputs = _file("action.yml")["inputs"]
    assert set(step["with"]) <= set(inputs)
    assert step["uses"].endswith(f"@{VERSION}")
    section = PAGE.partition("## GitHub")[2].partition("## GitLab")[0]
    assert {"install", "python"} <= set(re.findall(r"`([a-z-]+): [^`]+`", section)) <= set(inputs)


def test_the_formats_are_all_there_are() -> None:
    from pgaudit.render.choices import GateFormat

    named = PAGE.partition("## Others")[2].partition("For tests")[0]
    assert set(re.findall(r"`([a-z]+)`", named)) == set(get_args(GateFormat))


def test_the_project_file_is_one(tmp_path: Path) -> None:
    from pgaudit.config.project import load_project

    path = tmp_path / "pgaudit.yaml"
    path.write_text(yaml.safe_dump(BLOCKS["pgaudit.yaml"]))
    assert load_project(path).audits
