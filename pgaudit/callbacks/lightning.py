"""A callback of Lightning 2, which audits the optimizers of a run when its training begins.

It is for both packages, ``lightning`` and ``pytorch_lightning``: of two, for the one that is loaded already.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pgaudit.callbacks.audit import OnFail, TrainingAudit

_older = "pytorch_lightning" in sys.modules or find_spec("lightning") is None
_package = "pytorch_lightning" if _older else "lightning.pytorch"
try:
    Callback: Any = import_module(f"{_package}.callbacks").Callback
    rank_zero_info = import_module(f"{_package}.utilities").rank_zero_info
except ImportError as error:
    message = "pgaudit.callbacks.lightning needs Lightning 2: pip install 'pgaudit[lightning]'"
    raise ImportError(message) from error

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule, Trainer

    from pgaudit.core.findings import Threshold
    from pgaudit.report import Report

__all__ = ["AuditCallback"]


class AuditCallback(Callback):
    """Audits what ``configure_optimizers()`` returned, as it is when training begins: after a checkpoint is loaded.

    Args:
        path: where the report is written, on rank 0: ``.json``, ``.md`` or ``.txt``.
        fail_on: the severity from which on findings are told loudly.
        on_fail: ``warn``, or ``raise`` to end the run.

    The report stands in :attr:`report` afterwards.

    Raises:
        UsageError: an argument makes no sense.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, fail_on: Threshold = "error", on_fail: OnFail = "warn"
    ) -> None:
        self._audit = TrainingAudit(path, fail_on, on_fail)
        self.report: Report | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Audits the run (Lightning 2.6, ``pytorch/loops/fit_loop.py``, ``on_run_start``).

        Raises:
            PgauditError: under ``on_fail="raise"``: there are such findings, or there is no report.
        """
        schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
        self.report = self._audit.run(pl_module, trainer.optimizers, schedulers, rank_zero_info)
