"""A policy as BaseCls' ``solver``: one lr, and a weight decay by the first pattern that is found in the name, or by
class.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pgaudit.config import load_config
from pgaudit.constructors.basecls import OPTIMIZERS, BaseCls
from pgaudit.constructors.basecls.policy import NORM_TYPES
from pgaudit.convert.classes import conditions_on, name_in, of_torch
from pgaudit.convert.job import FROZEN_HINT, Converted, Job
from pgaudit.convert.layered import chosen_rules
from pgaudit.convert.predicates import Condition, Predicate, Vocabulary
from pgaudit.convert.source import canonical
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


def write(job: Job) -> Converted:
    """Returns the policy as BaseCls reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    lr = job.one_value("lr", "BaseCls has one lr for all")
    left_out = [index for index in job.compared if job.held[index] is None]
    job.refuse_if(left_out, "BaseCls puts every parameter into the optimizer, and these are not in it", FROZEN_HINT)
    extra = [index for index, held in job.values.items() if len(held) > 2]
    job.refuse_if(extra, "BaseCls sets nothing but weight decay by parameter, and these have other settings as well")
    name = _CLASSES.get(job.source.call.name)
    if name is None:
        raise ConfigError(f"BaseCls has no {visible(job.optimizer.type)}", f"it has {', '.join(OPTIMIZERS)}")
    solver = {"optimizer": name, "basic_lr": lr, **_arguments(job, name), "weight_decay": _policy(job)}
    return Converted(job.config("BaseCls", {"solver": solver}))


def _arguments(job: Job, name: str) -> dict[str, Any]:
    """The arguments that BaseCls passes on; all others must be the class's own."""
    passed = BaseCls().optimizer(load_config({"solver": {"optimizer": name}})).arguments
    defaults = job.optimizer.defaults
    for key, value in job.arguments.items():
        if key not in passed and canonical(defaults.get(key)) != canonical(value):
            raise ConfigError(f"BaseCls does not pass {visible(key)} on, which is {visible(value)} here")
    held = {**defaults, **job.arguments}
    return {key: held[key] for key in passed if key in held and key not in ("lr", "weight_decay")}


def _policy(job: Job) -> Any:
    """A number, or rules that end in one; the first that matches wins."""
    vocabulary = Vocabulary(
        job.views(),
        lambda module: conditions_on(of_torch(module.bases), is_norm=not NORMS.isdisjoint(module.families)),
    )
    job = job.on_smallest_base(job.values, vocabulary)
    values = {index: held["weight_decay"] for index, held in job.values.items()}
    base = job.base["weight_decay"]
    names = [parameter.name for parameter in job.inventory.parameters]
    policy: list[list[Any]] = []
    rules = reversed(chosen_rules(values, base, vocabulary))
    for (value, whole), alike in groupby(rules, key=lambda rule: (rule.value, _whole_name(rule.predicate))):
        if whole:  # several of one value are one pattern
            texts = [text for rule in alike for text in rule.predicate.conditions[0].texts]
            policy.append([value, f"^{_one_of(texts[::-1])}$"])
        else:
            policy += ([value, _pattern(rule.predicate, names)] for rule in alike)
    return [*policy, base] if policy else base


def _whole_name(predicate: Predicate) -> bool:
    (kind, texts), *_ = predicate.conditions
    return kind == "is" and "{" not in texts[0]


def _pattern(predicate: Predicate, names: Sequence[str]) -> Any:
    first, *others = predicate.conditions
    if first.kind == "norm":
        return NORM_TYPES
    if first.kind == "type":
        return {"type": name_in("torch.nn.", first.texts[0])}
    return _start(first, names) + "".join(rf"(.*\.)?{_one_of(end.texts)}$" for end in others)


def _start(condition: Condition, names: Sequence[str]) -> str:
    words = _one_of(condition.texts)
    if condition.kind == "ends":
        # `bias$` would do as well where no other name ends so; it is how BaseCls' own configs are written.
        leaf = condition.texts[0]
        is_plain = all(name == leaf or name.endswith(f".{leaf}") for name in names if name.endswith(leaf))
        return f"{words}$" if is_plain else rf"(^|\.){words}$"
    return {"is": f"^{words}$", "starts": rf"^{words}\.", "holds": rf"(^|\.){words}\."}[condition.kind]


def _one_of(texts: Sequence[str]) -> str:
    """Folded names as a regular expression."""
    found = [expression_of(text).replace("(?:", "(") for text in texts]
    return found[0] if len(found) == 1 else f"({'|'.join(found)})"
