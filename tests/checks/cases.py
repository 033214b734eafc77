"""The smallest cases of a check: config text in, code and place out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

import pgaudit
from pgaudit.checks import DOCUMENTED
from pgaudit.core.findings import Finding

Places = list[tuple[str, int | None, int | None]]

HEAD = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\nparamwise_cfg:\n"
"""The first two lines of most configs here; options follow on the third."""


def audit(tmp_path: Path, text: str, model: nn.Module | None = None) -> pgaudit.Report:
    """Audits a small model under a config file's text."""
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    small = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    return pgaudit.audit(small if model is None else model, path)


def places(report: pgaudit.Report, code: str | None = None) -> Places:
    """The code, line and column of each finding, or of those of one code."""
    return [
        (f.code, f.location.line if f.location else None, f.location.column if f.location else None)
        for f in report.findings
        if code in (None, f.code)
    ]


def only(report: pgaudit.Report, code: str) -> Finding:
    """The one finding of a code."""
    (finding,) = [finding for finding in report.findings if finding.code == code]
    return finding


def has_words(text: str | None, words: str) -> bool:
    """Whether all of these words stand in a message or hint, in this order; `…` stands for what is between."""
    at = 0
    for part in words.split("…"):
        found = (text or "").find(part.strip(), at)
        if found < 0:
            return False
        at = found + len(part.strip())
    return True


def tree(names: dict[str, nn.Module]) -> nn.Module:
    """A model of these modules, each under its dotted name."""
    root = nn.Module()
    for name, module in names.items():
        *parents, own = name.split(".")
        owner = root
        for parent in parents:
            if not hasattr(owner, parent):
                owner.add_module(parent, nn.Module())
            owner = owner.get_submodule(parent)
        owner.add_module(own, module)
    return root


@dataclass(frozen=True)
class Case:
    """One config and model, and what a check says about them."""

    text: str
    place: tuple[int, int] | None
    """Line and column; (0, 0) for a finding without a place; None for silence."""
    message: str = ""
    """Words of the message, in order; `…` stands for what is between."""
    hint: str = ""
    model: Callable[[], nn.Module] | None = None


def examine(tmp_path: Path, code: str, case: Case) -> None:
    """Audits a case, and looks at the findings of one code."""
    report = audit(tmp_path, case.text, case.model() if case.model else None)
    if case.place is None:
        assert places(report, code) == []
        return
    place = case.place if case.place != (0, 0) else (None, None)
    assert places(report, code) == [(code, *place)]
    finding = only(report, code)
    assert has_words(finding.message, case.message), finding.message
    assert has_words(finding.hint, case.hint) if case.hint else True, finding.hint
    assert finding.severity == DOCUMENTED[code].KIND.severity
    assert not finding.message.endswith(".")
    assert set(finding.params) <= {row.name for row in report.params}
