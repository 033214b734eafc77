"""What every callback does when training begins: audit, write the report, say what was found."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pgaudit import ranks
from pgaudit.api import audit
from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.core.findings import THRESHOLDS, Threshold, at_least
from pgaudit.files.atomic_write import writable, write_whole
from pgaudit.text import did_you_mean, quoted

if TYPE_CHECKING:
    from torch import nn

    from pgaudit.report import Report

_FORMATS = {".json": "json", ".md": "markdown", ".txt": "table"}
OnFail = Literal["warn", "raise"]


@dataclass(frozen=True)
class TrainingAudit:
    """An audit of a run, as its callback was asked for it.

    Raises:
        UsageError: an argument makes no sense.
    """

    path: str | os.PathLike[str] | None = None
    """Where the report is written: as JSON, Markdown or a table, by its ending; None for nowhere."""
    fail_on: Threshold = "error"
    """The severity from which on findings are told loudly."""
    on_fail: OnFail = "warn"
    """Whether such findings are a warning or end the run."""

    def __post_init__(self) -> None:
        if self.fail_on not in THRESHOLDS:
            hint = did_you_mean(self.fail_on, THRESHOLDS) or f"known: {', '.join(THRESHOLDS)}"
            raise UsageError(f"fail_on={quoted(self.fail_on)} is no severity", hint)
        if self.on_fail not in ("warn", "raise"):
            raise UsageError(f"on_fail={quoted(self.on_fail)} is neither warn nor raise")
        if self.path is not None and Path(self.path).suffix not in _FORMATS:
            message = f"{quoted(os.fspath(self.path))} has no ending that says how to write a report"
            raise UsageError(message, f"known: {', '.join(_FORMATS)}")

    def run(self, model: nn.Module, optimizers: Any, schedulers: Any, say: Callable[[str], object]) -> Report | None:
        """Audits what a run trains with. Only the process of rank 0 prints and writes.

        Args:
            model: the live model.
            optimizers: one, or several.
            schedulers: what is attached to them.
            say: the library's own way to log a line.

        Returns:
            The report; None where it cannot be made, which is a warning.

        Raises:
            PgauditError: under ``on_fail="raise"``, on every rank: there are such findings, or there is no report.
        """
        try:
            report = audit(model, optimizers, scheduler=schedulers)
            if ranks.speaks():
                self._write(report)
                say(f"{report}")
        except PgauditError as error:
            self._fail(error)
            return None
        if found := [each for each in report.findings if at_least(each.severity, self.fail_on)]:
            self._fail(PgauditError(found))
        return report

    def _write(self, report: Report) -> None:
        if self.path is None:
            return
        path = Path(self.path)
        with writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _rendered(report, _FORMATS[path.suffix]))

    def _fail(self, error: PgauditError) -> None:
        if self.on_fail == "raise":
            raise error
        if ranks.speaks():
            warnings.warn(f"pgaudit: {error}", stacklevel=3)


def _rendered(report: Report, how: str) -> Iterable[str]:
    from pgaudit.render.select import Selection

    if how == "json":
        from pgaudit.render.report.data import render_json

        return render_json(report, Selection())
    if how == "markdown":
        from pgaudit.render.report.markdown import render_markdown

        return [render_markdown(report, Selection(), folded=True)]
    from pgaudit.render.report.table import render_table
    from pgaudit.render.terminal import TableOptions

    return render_table(report, Selection(), TableOptions(fold=True, groups=True, verbose=True))
