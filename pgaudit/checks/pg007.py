"""Vectors and tokens that receive weight decay.

What: biases, the weights of norms and other one-dimensional parameters, embeddings, tokens and position tables, or what
the model's own `no_weight_decay()` names, have a weight decay above 0.

Why it hurts: often it does not. But recipes for transformers, and most for convolutional networks, leave these out, and
libraries other than timm do not read `no_weight_decay()`, which 568 timm models define.

Example: `optimizer: {type: AdamW, lr: 1.0e-3, weight_decay: 0.05}` alone decays `cls_token`, `pos_embed` and all norms.

How to mend it: `norm_decay_mult: 0.0`, `bias_decay_mult: 0.0`, and custom keys for tokens; or ignore it, where the
recipe wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgaudit.checks import suggest, words
from pgaudit.checks.base import Audited, Finding, Kind
from pgaudit.config.layouts import Path
from pgaudit.constructors.timm.names import Globs
from pgaudit.inventory import Parameter
from pgaudit.inventory.families import NORM_LIKE, NORMS
from pgaudit.text import counted

KIND = Kind("PG007", "decayed-vector", "info")

_TOKEN = re.compile(r"(^|_)(token|tokens|pos_embed\w*|position_embeddings?|relative_position_bias_table)$")
_PLURALS = {"bias": "biases", "token or embedding": "tokens or embeddings"}
_EMBEDDING = "torch.nn.modules.sparse.Embedding"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields one finding for what recipes usually leave out, and one for what the model itself asks to be left out."""
    decayed = [
        index
        for index, (parameter, decision) in enumerate(
            zip(audited.inventory.parameters, audited.assignment.decisions, strict=True)
        )
        if parameter.trainable and decision.setting.weight_decay
    ]
    kinds: dict[str, list[int]] = {}
    for index in decayed:
        kind = _kind(audited.inventory.parameters[index])
        if kind:
            kinds.setdefault(kind, []).append(index)
    at = audited.constructor.optimizer(audited.config).at("weight_decay")
    if kinds:
        what = ", ".join(_counted(len(indices), kind) for kind, indices in kinds.items())
        indices = sorted(index for members in kinds.values() for index in members)
        what += words.which(audited, indices)
        yield audited.finding(KIND, f"weight decay goes to {what}", at=at, key="weight_decay", indices=indices)
    yield from _asked_for(audited, decayed, at)


def _counted(number: int, kind: str) -> str:
    return f"{number:,} {kind if number == 1 else _PLURALS.get(kind, kind + 's')}"


def _kind(parameter: Parameter) -> str | None:
    own = parameter.name.rpartition(".")[2]
    if not NORMS.isdisjoint(parameter.module.families) or NORM_LIKE in parameter.module.families:
        return "norm parameter"
    if _EMBEDDING in parameter.module.bases or _TOKEN.search(own):
        return "token or embedding"
    if own == "bias":
        return "bias" if len(parameter.shape) <= 1 else None
    is_lazy = parameter.shape == () and not parameter.numel  # its shape is not known yet
    return "other vector" if len(parameter.shape) <= 1 and not is_lazy else None


def _asked_for(audited: Audited, decayed: list[int], at: Path) -> Iterator[Finding]:
    asked = Globs(audited.inventory.hints.no_weight_decay)
    named = [
        index for index, parameter in enumerate(audited.inventory.parameters) if asked.first(parameter.name) is not None
    ]
    indices = sorted(set(named).intersection(decayed))
    if indices:
        message = (
            f"the model's no_weight_decay() names {counted(len(indices), 'parameter')} that "
            f"{audited.constructor.name} decays{words.which(audited, indices)}"
        )
        hint = suggest.keys_for(audited, indices, among=named)
        yield audited.finding(KIND, message, hint, at=at, key="no_weight_decay", indices=indices)
