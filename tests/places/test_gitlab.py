"""The job for GitLab, run by bash as its runner does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import yaml

import pgaudit
from tests.places import workspace
from tests.places.workspace import ROOT

JOB = yaml.safe_load((ROOT / "docs" / "gitlab-ci.yml").read_text(encoding="utf-8"))["pgaudit"]


def test_the_job_fails_and_writes_the_reports_that_it_hands_over(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    workspace.break_agreement(workspace.make(folder))
    script, environment = "\n".join(JOB["script"]), workspace.environment(tmp_path / "bin")
    assert subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=environment).returncode == 1
    reports = JOB["artifacts"]["reports"]
    quality = json.loads((folder / reports["codequality"]).read_text(encoding="utf-8"))
    assert "config.yaml" in [each["location"]["path"] for each in quality if "got 0.5" in each["description"]]
    suites = ElementTree.parse(folder / reports["junit"]).getroot()
    assert [each.get("message") for each in suites.iter("failure") if "got 0.5" in (each.get("message") or "")]
    assert JOB["artifacts"]["when"] == "always"


def test_it_installs_this_version() -> None:
    assert JOB["before_script"] == [f"python -I -m pip install --quiet pgaudit=={pgaudit.__version__}"]
