"""A policy as BaseCls' ``solver``: one lr, and a weight decay by the first pattern that is found in the name, or by
class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pgaudit.constructors.basecls import OPTIMIZERS
from pgaudit.constructors.basecls.policy import NORM_TYPES
from pgaudit.convert.classes import name_in, torch_kinds
from pgaudit.convert.features import Features, Key, Predicate
from pgaudit.convert.job import FROZEN_HINT, Converted, Job
from pgaudit.convert.source import canonical
from pgaudit.convert.synthesis import rules_for
from pgaudit.core.errors import ConfigError
from pgaudit.models.walk.families import NORMS
from pgaudit.names import expression_of
from pgaudit.text import visible

_CLASSES = {
    "torch.optim.sgd:SGD": "sgd",
    "torch.optim.adam:Adam": "adam",
    "torch.optim.adamw:AdamW": "adamw",
    "timm.optim.lamb:Lamb": "lamb",
    "timm.optim.lars:Lars": "lars",
}
_PASSED = {
    "sgd": ("momentum", "nesterov"),
    "lars": ("momentum", "nesterov", "always_adapt"),
    "lamb": ("betas", "always_adapt"),
}
"""The arguments that BaseCls passes on beside lr and weight decay; of all other classes, only ``betas``."""


def write(job: Job) -> Converted:
    """Returns the policy as BaseCls reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    lr = job.one_value("lr", "BaseCls has one lr for all")
    left_out = [index for index in job.compared if job.held[index] is None]
    job.refuse_if(left_out, "BaseCls puts every parameter into the optimizer, and these are not in it", FROZEN_HINT)
    job.refuse_if(
        job.extra, "BaseCls sets nothing but weight decay by parameter, and these have other settings as well"
    )
    name = _CLASSES.get(job.source.call.name)
    if name is None:
        raise ConfigError(f"BaseCls has no {visible(job.optimizer.type)}", f"it has {', '.join(OPTIMIZERS)}")
    solver = {"optimizer": name, "basic_lr": lr, **_arguments(job, name), "weight_decay": _policy(job)}
    return Converted(job.config("BaseCls", {"solver": solver}))


def _arguments(job: Job, name: str) -> dict[str, Any]:
    """The arguments that BaseCls passes on; all others must be the class's own."""
    passed, defaults = _PASSED.get(name, ("betas",)), job.optimizer.defaults
    for key, value in job.arguments.items():
        if key not in passed and canonical(defaults.get(key)) != canonical(value):
            raise ConfigError(f"BaseCls does not pass {visible(key)} on, which is {visible(value)} here")
    held = {**defaults, **job.arguments}
    found = {key: held[key] for key in passed if key in held}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def _policy(job: Job) -> Any:
    """A number, or rules that end in one; the first that matches wins."""
    features = Features(
        job.inventory, lambda module: torch_kinds(module, is_norm=not NORMS.isdisjoint(module.families))
    )
    values = {index: held["weight_decay"] for index, held in job.values.items()}
    base = job.base["weight_decay"]
    names = [parameter.name for parameter in job.inventory.parameters]
    policy: list[list[Any]] = []
    for rule in reversed(rules_for(values, base, features)):
        pattern = _pattern(rule.predicate, names)
        before = policy[-1] if policy else [None, None]
        both = _WHOLE.fullmatch(str(before[1])), _WHOLE.fullmatch(str(pattern))
        if before[0] == rule.value and both[0] and both[1]:
            before[1] = f"^({both[1][1]}|{both[0][1]})$"  # several whole names of one value are one pattern
        else:
            policy.append([rule.value, pattern])
    return [*policy, base] if policy else base


_WHOLE = re.compile(r"\^\(?([\w.\\|]+)\)?\$")


def _pattern(predicate: Predicate, names: Sequence[str]) -> Any:
    first = predicate.keys[0]
    if first[0] == "norm":
        return NORM_TYPES
    if first[0] == "type":
        return {"type": name_in("torch.nn.", first[1])}
    if predicate.place is None:
        return _end(first, names)
    leaf = "" if predicate.leaf is None else rf"(.*\.)?{re.escape(predicate.leaf[1])}$"
    return _start(predicate.place) + leaf


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
