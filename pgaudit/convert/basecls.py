"""A policy as BaseCls' ``solver``: one lr, and a weight decay by the first pattern that is found in the name, or by
class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pgaudit.config.policy import NORM_TYPES
from pgaudit.constructors.basecls import OPTIMIZERS
from pgaudit.convert.features import Features, Key, Predicate, Vocabulary, subjects
from pgaudit.convert.job import FROZEN_HINT, Job, Written
from pgaudit.convert.lots import canonical
from pgaudit.convert.synthesis import rules_for
from pgaudit.convert.types import nameable, of_torch
from pgaudit.convert.words import block
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import ModuleType
from pgaudit.models.walk.families import NORMS
from pgaudit.names import expression_of
from pgaudit.text import visible

_CLASSES = {
    "torch.optim.sgd.SGD": "sgd",
    "torch.optim.adam.Adam": "adam",
    "torch.optim.adamw.AdamW": "adamw",
    "timm.optim.lamb.Lamb": "lamb",
    "timm.optim.lars.Lars": "lars",
}


def write(job: Job) -> Written:
    """Returns the policy as BaseCls reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    lr = _one_lr(job)
    left_out = [index for index in job.matter if job.lots[index] is None]
    job.refuse_if(left_out, "BaseCls puts every parameter into the optimizer, and these are not in it", FROZEN_HINT)
    extra = [index for index, lot in job.inside.items() if lot.extra]
    job.refuse_if(extra, "BaseCls sets nothing but weight decay by parameter, and these have other settings as well")
    solver: dict[str, Any] = {"optimizer": _optimizer(job), "basic_lr": lr, **_arguments(job)}
    solver["weight_decay"] = _policy(job)
    return Written("\n".join([*job.heading("BaseCls"), *block({**job.model_section, "solver": solver}), ""]))


def _one_lr(job: Job) -> float:
    lrs = {index: lot.lr for index, lot in job.inside.items()}
    usual = job.base_lr if job.base_lr in lrs.values() else next(iter(lrs.values()))
    others = [index for index, lr in lrs.items() if lr != usual]
    job.refuse_if(others, f"BaseCls has one lr for all, and these do not have {usual!r}")
    return usual


def _optimizer(job: Job) -> str:
    kind = job.source.call.about.name.replace(":", ".")
    if kind not in _CLASSES:
        raise ConfigError(f"BaseCls has no {visible(job.source.spec.name)}", f"it has {', '.join(OPTIMIZERS)}")
    return _CLASSES[kind]


def _arguments(job: Job) -> dict[str, Any]:
    """The arguments that BaseCls passes on; all others must be the class's own."""
    name = _optimizer(job)
    passed = ["momentum", "nesterov"] if name in ("sgd", "lars") else ["betas"]
    passed += ["always_adapt"] if name in ("lamb", "lars") else []
    held = {**job.source.report.facts.arguments, **job.arguments}
    defaults = job.source.report.facts.arguments
    for key, value in job.arguments.items():
        if key not in passed and canonical(defaults.get(key)) != canonical(value):
            raise ConfigError(f"BaseCls does not pass {visible(key)} on, which is {visible(value)} here")
    found = {key: held[key] for key in passed if key in held}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def _policy(job: Job) -> Any:
    """A number, or rules that end in one; the first that matches wins."""

    def types(module: ModuleType) -> list[str]:
        return [name for name in module.bases if name.startswith("torch.nn.") and nameable(name)]

    def is_norm(module: ModuleType) -> bool:
        return not NORMS.isdisjoint(module.families)

    features = Features(subjects(job.inventory, all_names=False), Vocabulary(is_norm, types))
    values = {index: lot.weight_decay for index, lot in job.inside.items()}
    base = job.base_decay
    rules = rules_for(values, base, features)
    names = [parameter.name for parameter in job.inventory.parameters]
    policy: list[list[Any]] = []
    for rule in reversed(rules):
        pattern = _pattern(rule.predicate, names)
        before = policy[-1] if policy else [None, None]
        both = _WHOLE.fullmatch(str(before[1])), _WHOLE.fullmatch(str(pattern))
        if before[0] == rule.value and both[0] and both[1]:
            before[1] = f"^({both[1][1]}|{both[0][1]})$"  # whole names beside whole names
        else:
            policy.append([rule.value, pattern])
    return [*policy, base] if policy else base


_WHOLE = re.compile(r"\^\(?([\w.\\|]+)\)?\$")


def _pattern(predicate: Predicate, names: Sequence[str]) -> Any:
    (first, *others) = predicate.keys
    if first[0] == "norm":
        return NORM_TYPES
    if first[0] == "type":
        return {"type": f"torch.nn.{first[1].rpartition('.')[2]}" if of_torch(first[1]) else first[1]}
    place = next((key for key in predicate.keys if key[0] in ("prefix", "range", "segment")), None)
    if place is None:
        return _end(first, names)
    start = _start(place)
    leaf = next((key for key in others if key[0] in ("leaf", "tail")), None) or (
        first if first[0] in ("leaf", "tail") else None
    )
    return start if leaf is None else rf"{start}(.*\.)?{re.escape(leaf[1])}$"


def _end(key: Key, names: Sequence[str]) -> str:
    if key[0] in ("leaf", "tail"):
        plain = re.escape(key[1])
        # `bias$` would do as well where no other name ends so; it is how BaseCls' own configs are written.
        if all(name == key[1] or name.endswith(f".{key[1]}") for name in names if name.endswith(key[1])):
            return f"{plain}$"
        return rf"(^|\.){plain}$"
    if key[0] == "names":
        return f"^{expression_of(key[1]).replace('(?:', '(')}$"
    return f"^({'|'.join(map(re.escape, key[1:]))})$" if len(key) > 2 else f"^{re.escape(key[1])}$"


def _start(place: Key) -> str:
    if place[0] == "prefix":
        return rf"^{re.escape(place[1])}\."
    if place[0] == "segment":
        return rf"(^|\.){re.escape(place[1])}\."
    return rf"^{re.escape(place[1])}\.({'|'.join(str(n) for n in range(int(place[2]), int(place[3]) + 1))})\."
