"""Vectors and tokens that receive weight decay.

What: biases, the weights of norms and other one-dimensional parameters, embeddings, tokens and position tables, or what
the model's own `no_weight_decay()` names, have a weight decay above 0.

Why it hurts: often it does not. But recipes for transformers, and most for convolutional networks, leave these out, and
libraries other than timm do not read `no_weight_decay()`, which 568 timm models define.

Example: `optimizer: {type: AdamW, lr: 1.0e-3, weight_decay: 0.05}` alone decays `cls_token`, `pos_embed` and all norms.

How to fix it: `norm_decay_mult: 0.0`, `bias_decay_mult: 0.0`, and custom keys for tokens; or ignore it, where the
recipe wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgaudit.checks import suggest, words
from pgaudit.checks.base import Audited, Kind
from pgaudit.constructors.timm.names import NameGlobs
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Parameter
from pgaudit.models.walk.families import NORM_LIKE, NORMS

KIND = Kind("PG007", "decayed-vector", "info")

_TOKEN = re.compile(r"(^|_)(token|tokens|pos_embed\w*|position_embeddings?|relative_position_bias_table)$")
_PLURALS = {"bias": "biases", "token or embedding": "tokens or embeddings"}
_EMBEDDING = "torch.nn.modules.sparse.Embedding"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields one finding for all that is decayed and that recipes, or the model itself, usually leave out."""
    asked = _asked_for(audited)
    kinds: dict[str, list[int]] = {}
    for index, (parameter, decision) in enumerate(
        zip(audited.inventory.parameters, audited.assignment.params, strict=True)
    ):
        if parameter.trainable and decision.setting.weight_decay:
            kind = _kind(parameter) or ("other tensor" if index in asked else None)
            if kind:
                kinds.setdefault(kind, []).append(index)
    if not kinds:
        return
    indices = sorted(index for members in kinds.values() for index in members)
    *others, last = (_counted(len(members), kind) for kind, members in kinds.items())
    what = f"{', '.join(others)} and {last}" if others else last
    message, hint = f"weight decay goes to {what}{words.which(audited, indices)}", None
    if named := [index for index in indices if index in asked]:
        part = _part(len(named), len(indices))
        message += f"; the model's own no_weight_decay() names {part}{words.which(audited, named)}"
        hint = suggest.keys_for(audited, named, among=asked)
    at = audited.constructor.optimizer(audited.config).at("weight_decay")
    yield audited.finding(KIND, message, hint, at=at, key="weight_decay", indices=indices)


def _asked_for(audited: Audited) -> frozenset[int]:
    """What the model itself asks to be left out."""
    asked = NameGlobs(audited.inventory.hints.no_weight_decay)
    parameters = enumerate(audited.inventory.parameters)
    return frozenset(index for index, parameter in parameters if asked.first(parameter.name) is not None)


def _part(number: int, of: int) -> str:
    return f"{number:,} of them" if number < of else "it" if of == 1 else "all of them"


def _counted(number: int, kind: str) -> str:
    return f"{number:,} {kind if number == 1 else _PLURALS.get(kind, kind + 's')}"


def _kind(parameter: Parameter) -> str | None:
    own = parameter.name.rpartition(".")[2]
    if not NORMS.isdisjoint(parameter.module.families) or NORM_LIKE in parameter.module.families:
        return "norm tensor"
    if _EMBEDDING in parameter.module.bases or _TOKEN.search(own):
        return "token or embedding"
    if own == "bias":
        return "bias" if len(parameter.shape) <= 1 else None
    is_lazy = parameter.shape == () and not parameter.numel  # its shape is not known yet
    return "other vector" if len(parameter.shape) <= 1 and not is_lazy else None
