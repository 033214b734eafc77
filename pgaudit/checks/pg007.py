"""Vectors and tokens that receive weight decay.

What: biases, the weights of norms and other one-dimensional parameters, embeddings, tokens and position tables, or what
the model's own `no_weight_decay()` names, have a weight decay above 0.

Why it hurts: often it does not. But recipes for transformers, and most for convolutional networks, leave these out, and
libraries other than timm do not read `no_weight_decay()`, which 568 timm models define.

Example: `optimizer: {type: AdamW, lr: 1.0e-3, weight_decay: 0.05}` alone decays `cls_token`, `pos_embed` and all norms.

How to fix it: `norm_decay_mult: 0.0`, `bias_decay_mult: 0.0`, and custom keys for tokens; in code, a group of their own
without weight decay; or ignore it, where the recipe wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pgaudit.checks import suggest, words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg030 import is_cut
from pgaudit.constructors.timm.names import NameGlobs
from pgaudit.core.assignment import ParamAssignment, ParameterInfo
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Inventory, ModuleType
from pgaudit.models.walk.families import EMBEDDING, NORM_LIKE, NORMS

KIND = Kind("PG007", "decayed-vector", "info")

_TOKEN = re.compile(r"(^|_)(token|tokens|pos_embed\w*|position_embeddings?|relative_position_bias_table)$")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields one finding for all that is decayed and that recipes, or the model itself, usually leave out."""
    asked = _asked_for(audited.inventory)
    kinds: dict[str, list[int]] = {}
    for index, (parameter, decision) in enumerate(
        zip(audited.inventory.parameters, audited.assignment.params, strict=True)
    ):
        if parameter.trainable and decision.setting.weight_decay:
            kind = _kind(parameter, parameter.module) or ("other tensor" if index in asked else None)
            if kind:
                kinds.setdefault(kind, []).append(index)
    if not kinds:
        return
    indices = sorted(index for members in kinds.values() for index in members)
    named = [index for index in indices if index in asked]
    message = _sentence(
        {kind: len(members) for kind, members in kinds.items()},
        [audited.inventory.parameters[index].name for index in indices],
        [audited.inventory.parameters[index].name for index in named],
    )
    hint = suggest.keys_for(audited, named, among=asked) if named else None
    at = audited.constructor.optimizer(audited.config).at("weight_decay")
    yield audited.finding(KIND, message, hint, at=at, key="weight_decay", indices=indices)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields the same finding; of a tensor of no module its name and shape alone tell what it is."""
    order = [parameter for _, parameter in audit.of_model]
    asked = {order[index].name for index in _asked_for(audit.inventory)} if audit.inventory is not None else set()
    cut = {member.row.name for member in audit.members if is_cut(member)}
    kinds: dict[str, list[ParamAssignment]] = {}
    for row in audit.assignment.params:
        if not row.weight_decay or row.param.trainable is False or row.name in cut:
            continue
        parameter = audit.parameters.get(row.name)
        is_asked = parameter is not None and parameter.name in asked
        kind = _kind(row.param, parameter.module if parameter else None) or ("other tensor" if is_asked else None)
        if kind:
            kinds.setdefault(kind, []).append(row)
    if kinds:
        found = {row.name for members in kinds.values() for row in members}
        rows = [row for row in audit.assignment.params if row.name in found]
        named = [row.name for row in rows if row.name in audit.parameters and audit.parameters[row.name].name in asked]
        counts = {kind: len(members) for kind, members in kinds.items()}
        message = _sentence(counts, [row.name for row in rows], named)
        yield audit.finding(KIND, message, key="weight_decay", rows=rows)


def _sentence(kinds: Mapping[str, int], names: Sequence[str], named: Sequence[str]) -> str:
    """Returns what is decayed: how many of each kind, such as which, and which of them the model itself names."""
    message = f"weight decay goes to {words.kinds(kinds)}{words.such_as(names)}"
    if named:
        part = _part(len(named), len(names))
        message += f"; the model's own no_weight_decay() names {part}{words.such_as(named)}"
    return message


def _asked_for(inventory: Inventory) -> frozenset[int]:
    """What the model itself asks to be left out."""
    asked = NameGlobs(inventory.hints.no_weight_decay)
    return frozenset(i for i, parameter in enumerate(inventory.parameters) if asked.first(parameter.name) is not None)


def _part(number: int, of: int) -> str:
    return f"{number:,} of them" if number < of else "it" if of == 1 else "all of them"


def _kind(parameter: ParameterInfo, module: ModuleType | None) -> str | None:
    """What a parameter is, if recipes leave such out; by its name and shape alone where its module is not known."""
    own = parameter.name.rpartition(".")[2]
    families = module.families if module else frozenset()
    if not NORMS.isdisjoint(families) or NORM_LIKE in families:
        return "norm tensor"
    if (module and EMBEDDING in module.bases) or _TOKEN.search(own):
        return "token or embedding"
    is_vector = parameter.shape is not None and len(parameter.shape) <= 1
    if own == "bias":
        return "bias" if is_vector else None
    is_lazy = parameter.shape == () and not parameter.numel  # its shape is not known yet
    return "other vector" if is_vector and not is_lazy else None
