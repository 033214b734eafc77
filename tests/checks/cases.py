"""The smallest cases of a check: config text in, code and place out."""

from __future__ import annotations

from pathlib import Path

from torch import nn

import pgaudit

Places = list[tuple[str, int | None, int | None]]


def audit(tmp_path: Path, text: str, model: nn.Module | None = None) -> pgaudit.Report:
    """Audits a small model under a config file's text."""
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return pgaudit.audit(model or nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), path)


def places(report: pgaudit.Report) -> Places:
    """The code, line and column of each finding."""
    return [
        (f.code, f.position.line if f.position else None, f.position.column if f.position else None)
        for f in report.findings
    ]
