"""What all audits of a config find in another text of it, so that nothing is fixed for one at the cost of another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from pgaudit.core.config import Config
from pgaudit.core.findings import FIXABLE, Finding
from pgaudit.fix.prove import Judge
from pgaudit.gate import Audit, run
from pgaudit.gate.many import guarded
from pgaudit.models.references import arguments_for
from pgaudit.models.source import ModelSource, model_source
from pgaudit.user_code.imports import is_file


def is_fixable(config: str) -> bool:
    """Returns whether what was named as a config is a file of YAML, which alone is fixed."""
    return config.endswith(FIXABLE) and is_file(config)


def by_config(audits: Sequence[Audit]) -> dict[str, list[Audit]]:
    """Returns the audits of each file, by the name that the first of them has for it."""
    names: dict[str, str] = {}
    found: dict[str, list[Audit]] = {}
    for audit in audits:
        name = names.setdefault(os.path.realpath(audit.config), audit.config)
        found.setdefault(name, []).append(audit)
    return found


def judge_of(audits: Sequence[Audit]) -> Judge:
    """Returns what judges a text by some audits of its file: their findings, with what was agreed otherwise and what
    ends them. Each model is opened but once.
    """
    opened: dict[str, ModelSource] = {}

    def judge(data: bytes) -> list[Finding]:
        return [finding for audit in audits for finding in _found(audit, data, opened)]

    return judge


def _found(audit: Audit, data: bytes, opened: dict[str, ModelSource]) -> tuple[Finding, ...]:
    def model_of(config: Config) -> ModelSource:
        arguments = arguments_for(audit.model, config, audit.model_args)
        key = repr((audit.model or config.model, arguments))
        if key not in opened:
            opened[key] = model_source(audit.model, config, audit.model_args, audit.cache)
        return opened[key]

    return guarded(audit, partial(run, data=data, model_of=model_of)).findings
