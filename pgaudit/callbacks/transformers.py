"""A callback of transformers' Trainer, which audits the optimizer of a run when its training begins."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from pgaudit.callbacks.audit import OnFail, TrainingAudit

try:
    from transformers import TrainerCallback
except ImportError as error:
    message = "pgaudit.callbacks.transformers needs transformers: pip install 'pgaudit[transformers]'"
    raise ImportError(message) from error

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from pgaudit.core.findings import Threshold
    from pgaudit.report import Report

__all__ = ["AuditCallback"]

_log = logging.getLogger("pgaudit")


class AuditCallback(TrainerCallback):
    """Audits the optimizer that the Trainer made, as it is when training begins: after a checkpoint is loaded.

    Args:
        path: where the report is written, on rank 0: ``.json``, ``.md`` or ``.txt``.
        fail_on: the severity from which on findings are told loudly.
        on_fail: ``warn``, or ``raise`` to end the run.

    The report stands in :attr:`report` afterwards; a summary is logged, as info, by the logger ``pgaudit``.

    Raises:
        UsageError: an argument makes no sense.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, fail_on: Threshold = "error", on_fail: OnFail = "warn"
    ) -> None:
        self._audit = TrainingAudit(path, fail_on, on_fail)
        self.report: Report | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Audits the run (transformers 5.23, ``trainer.py``, ``_inner_training_loop``).

        Raises:
            PgauditError: under ``on_fail="raise"``: there are such findings, or there is no report.
        """
        self.report = self._audit.run(kwargs["model"], kwargs["optimizer"], kwargs.get("lr_scheduler"), _log.info)
