"""What callbacks share: which files are written, what is loud, and that one process speaks for all."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from pgaudit import PgauditError, UsageError
from pgaudit.callbacks.audit import TrainingAudit
from tests.built.cases import Net, grouped
from tests.callbacks import toy


@pytest.fixture(autouse=True)
def _toy() -> Iterator[None]:
    toy.add()
    yield
    toy.remove()


def _run(audit: TrainingAudit, model: nn.Module | None = None, lr: float = 0.125) -> tuple[Any, list[str], list[str]]:
    model = Net() if model is None else model
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = audit.run(model, [grouped(model, lr=lr)], [], said.append)
    return report, said, [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("ending", "begins"), [(".json", "{"), (".md", "**Net** ·"), (".txt", "Net · module · 7 tensors")]
)
def test_a_report_is_written_by_its_ending(tmp_path: Path, ending: str, begins: str) -> None:
    path = tmp_path / "new" / f"run{ending}"
    report, _, _ = _run(TrainingAudit(path))
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "\x1b" not in text
    if ending == ".json":
        assert json.loads(text) == report.to_dict()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"path": "run.html"}, '"run.html" has no ending .*known: .json, .md, .txt'),
        ({"fail_on": "warnign"}, 'fail_on="warnign" is no severity'),
        ({"on_fail": "stop"}, 'on_fail="stop" is neither warn nor raise'),
    ],
)
def test_a_mistake_is_told_before_anything_runs(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingAudit(**given)


def test_what_cannot_be_written_or_audited_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    report, said, warned = _run(TrainingAudit(tmp_path / "file" / "run.json"))
    assert report is None
    assert not said
    assert len(warned) == 1
    assert "cannot write" in warned[0]
    with pytest.raises(UsageError, match="cannot write"):
        _run(TrainingAudit(tmp_path / "file" / "run.json", on_fail="raise"))


def test_one_process_speaks_and_all_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    first, said, warned = _run(TrainingAudit(path, "warning"))
    assert (len(said), len(warned)) == (1, 1)
    path.unlink()
    monkeypatch.setenv("RANK", "1")
    second, said, warned = _run(TrainingAudit(path, "warning"))
    assert (said, warned) == ([], [])
    assert not path.exists()
    assert second.to_dict() == first.to_dict()
    with pytest.raises(PgauditError, match=r"at 0\.125"):
        _run(TrainingAudit(path, "warning", "raise"))
