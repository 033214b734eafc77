"""The files that ``pgaudit init`` writes beside the policy: a project file, and a job for GitHub."""

from __future__ import annotations

import shlex
from pathlib import Path

from pgaudit.init.policy import scalar
from pgaudit.text import visible

PROJECT = "pgaudit.yaml"
WORKFLOW = Path(".github/workflows/pgaudit.yml")


def project_text(policy: str) -> str:
    """Returns a project file that lists the policy."""
    return f"""\
# What `pgaudit check` looks at. Once `pgaudit lock {visible(shlex.quote(policy))} -o policy.lock`
# has written what is agreed, add `lock: policy.lock` to the entry, and any change of it fails.
audits:
  - config: {scalar(policy)}
"""


def workflow_text() -> str:
    """Returns a job that checks what the project file lists."""
    return """\
name: pgaudit
on: [push, pull_request]
permissions:
  contents: read
jobs:
  pgaudit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.11"}
      - run: pip install pgaudit  # and what your model needs
      - run: pgaudit check --format github
"""
