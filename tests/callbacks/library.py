"""Runs apart from the tests, with the real training libraries on its path: trains one step under a callback.

A line of JSON asks for a run; the answer says what was written, logged and warned, and what torch's own optimizer held.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import traceback
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import optim
from torch.utils.data import DataLoader, TensorDataset

from pgaudit import PgauditError
from tests.built.cases import Net, claims_of, grouped, told
from tests.callbacks import toy


class Records(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def lightning(folder: str, lr: float, options: dict[str, Any]) -> dict[str, Any]:
    import pytorch_lightning as pl

    from pgaudit.callbacks.lightning import AuditCallback

    records = Records()
    logging.getLogger("pytorch_lightning").addHandler(records)
    at_start: dict[str, Any] = {}

    class Lit(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def training_step(self, batch: Any, index: int) -> Any:
            if not at_start:
                at_start.update(claims_of(self, self.trainer.optimizers))
            return self.net(batch[0]).sum()

        def configure_optimizers(self) -> Any:
            optimizer = grouped(self.net, lr=lr)
            return [optimizer], [optim.lr_scheduler.StepLR(optimizer, 1)]

    callback = AuditCallback(**options)
    trainer = pl.Trainer(
        accelerator="cpu", fast_dev_run=True, callbacks=[callback], default_root_dir=folder, enable_progress_bar=False
    )
    data = DataLoader(TensorDataset(torch.ones(2, 3, 2, 2)), batch_size=2)
    return _outcome(lambda: trainer.fit(Lit(), data), callback, records, at_start)


def transformers(folder: str, lr: float, options: dict[str, Any]) -> dict[str, Any]:
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    from pgaudit.callbacks.transformers import AuditCallback

    records = Records()
    logging.getLogger("pgaudit").addHandler(records)
    logging.getLogger("pgaudit").setLevel(logging.INFO)
    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=8,
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    callback = AuditCallback(**options)
    args = TrainingArguments(
        folder, weight_decay=0.1, learning_rate=lr, lr_scheduler_type="constant",
        use_cpu=True, report_to=[], max_steps=1, disable_tqdm=True,
        save_strategy="no", logging_strategy="no", per_device_train_batch_size=2,
    )  # fmt: skip
    row = {"input_ids": [1, 2, 3], "attention_mask": [1, 1, 1], "labels": 1}
    trainer = Trainer(model, args, train_dataset=[row, row], callbacks=[callback])
    at_start: dict[str, Any] = {}
    before = trainer.training_step

    def first(*given: Any, **named: Any) -> Any:
        if not at_start:
            at_start.update(claims_of(model, [trainer.optimizer]))
        return before(*given, **named)

    trainer.training_step = first
    return _outcome(trainer.train, callback, records, at_start)


def _outcome(train: Any, callback: Any, records: Records, at_start: dict[str, Any]) -> dict[str, Any]:
    raised = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            train()
        except PgauditError as error:
            raised = str(error)
    return {
        "raised": raised,
        "warned": [str(each.message) for each in caught if str(each.message).startswith("pgaudit")],
        "logged": records.lines,
        "truth": at_start,
        "report": None if callback.report is None else told(callback.report),
    }


def main() -> None:
    """Answers questions until there are no more."""
    toy.add()
    for line in sys.stdin:
        asked = json.loads(line)
        with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
            try:
                run = {"lightning": lightning, "transformers": transformers}[asked["library"]]
                found = run(folder, asked.get("lr", 0.01), asked.get("options", {}))
                path = asked.get("options", {}).get("path")
                found["written"] = Path(path).read_text(encoding="utf-8") if path and Path(path).exists() else None
            except Exception:
                found = {"failed": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
