"""A policy as plain Python: a function that makes the groups, and one that makes the optimizer, with torch alone."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.native.match import is_norm
from pgaudit.convert.classes import conditions_on, name_in, of_torch
from pgaudit.convert.job import Converted, Job
from pgaudit.convert.layered import ABSENT, IN_OPTIMIZER, LayeredRule, layered_rules
from pgaudit.convert.predicates import Condition, Kind, Predicate, Vocabulary
from pgaudit.convert.words import number
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import ModuleType
from pgaudit.names import expression_of, unfolded
from pgaudit.text import visible

_NORMS = ("_BatchNorm", "_InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm")


def write(job: Job) -> Converted:
    """Returns a module's text.

    Raises:
        ConfigError: it cannot be said in Python.
    """
    skips_frozen = not any(index in job.values for index in job.frozen)
    met = job.trainable if skips_frozen else job.compared
    named_by_module = all("." not in visit.own for visit in job.inventory.visits)

    def kinds(module: ModuleType) -> list[Condition]:
        """torch's own classes; none where a parameter's name does not tell which module has it."""
        return conditions_on(of_torch(module.bases), is_norm=is_norm(module)) if named_by_module else []

    vocabulary = Vocabulary(job.views(), kinds, conditions=True)
    job = job.on_smallest_base(met, vocabulary)
    rules = layered_rules({index: job.held[index] for index in met}, job.base, vocabulary)
    said = {condition.kind for rule in rules for each in rule.predicates for condition in each.conditions}
    body = [*_body(job, rules, skips_frozen=skips_frozen, typed=bool(said & {"norm", "type"}))]
    kind, imported = _class(job)
    parts = [
        job.heading("plain Python"),
        *([["import re"]] if any("re." in line for line in body) else []),
        [*imported, *(["from torch import nn"] if said & {"norm", "type"} else [])],
        *([_norms()] if "norm" in said else []),
    ]
    head = "\n\n".join("\n".join(part) for part in parts)
    return Converted("\n".join([head, "", "", *body, "", "", *_optimizer(job, kind), ""]))


def _norms() -> list[str]:
    from torch import nn

    homes = {"_BatchNorm": "nn.modules.batchnorm", "_InstanceNorm": "nn.modules.instancenorm"}
    paths = [f"{homes.get(name, 'nn')}.{name}" for name in _NORMS if name in homes or hasattr(nn, name)]
    return ["NORMS = (", *(f"    {path}," for path in paths), ")"]


def _body(job: Job, rules: Sequence[LayeredRule], *, skips_frozen: bool, typed: bool) -> Iterator[str]:
    extra = any(len(held) > 2 for held in job.values.values())
    decays = job.knows_decay or any(held["weight_decay"] for held in job.values.values())
    values = {name: base for name, base in job.base.items() if decays or name == "lr"}
    leaves_out = any(IN_OPTIMIZER in rule.says for rule in rules)
    settings = ", ".join([*(f'"{name}": {name}' for name in values), *["**extra"] * extra])
    key = "str(sorted(settings.items()))" if extra else "tuple(settings.values())"
    yield from [
        "def param_groups(model):",
        '    """Returns the groups, one for each set of equal settings."""',
        *["    modules = dict(model.named_modules(remove_duplicate=False))"] * typed,
        "    groups = {}",
        "    for name, param in model.named_parameters():",
        *["        if not param.requires_grad:", "            continue"] * skips_frozen,
        *['        owner = modules[name.rpartition(".")[0]]'] * typed,
        f"        {', '.join(values)} = {', '.join(map(number, values.values()))}",
        *["        extra = {}"] * extra,
        *["        left_out = False"] * leaves_out,
    ]
    for rule in rules:
        yield f"        if {_any_of(rule.predicates)}:"
        yield from (f"            {words}" for words in _statements(job, rule.says))
    yield from [
        *["        if left_out:", "            continue"] * leaves_out,
        f"        settings = {{{settings}}}",
        f'        groups.setdefault({key}, {{"params": [], **settings}})["params"].append(param)',
        "    return list(groups.values())",
    ]


def _statements(job: Job, says: Mapping[str, Hashable]) -> Iterator[str]:
    for name, value in says.items():
        if name == IN_OPTIMIZER:
            yield f"left_out = {value is False}"
        elif name in job.base:
            yield f"{name} = {_literal(value)}"
        elif value == ABSENT:
            yield f"extra.pop({name!r}, None)"
        else:
            yield f"extra[{name!r}] = {_literal(job.source.as_given(name, value))}"


def _any_of(predicates: Sequence[Predicate]) -> str:
    """Names that are whole, begin or end alike are asked for at once."""
    alike: dict[Kind, list[str]] = {}
    others = []
    for predicate in predicates:
        first, *more = predicate.conditions
        if first.by_name and not more:
            alike.setdefault(first.kind, []).extend(first.texts)
        else:
            found = " and ".join(map(_one, predicate.conditions))
            others.append(f"({found})" if more and len(predicates) > 1 else found)
    conditions = (Condition(kind, tuple(texts)) for kind, texts in alike.items())
    return " or ".join([*map(_one, conditions), *others])


_MOST = 4
"""Names that a folded one is spelled out to."""


def _one(condition: Condition) -> str:
    kind, texts = condition
    if kind == "norm":
        return "isinstance(owner, NORMS)"
    if kind == "type":
        return f"isinstance(owner, {name_in('nn.', texts[0]).removeprefix('torch.')})"
    if kind == "ndim":
        return "param.ndim <= 1" if texts == ("0|1",) else "param.ndim == 1"
    if kind == "holds":
        return " or ".join(f'{_quoted(f".{name}.")} in f".{{name}}"' for text in texts for name in unfolded(text))
    spelled = [unfolded(text) for text in texts]
    asked = [_spelled_out(kind, [name for names in spelled for name in names if len(names) <= _MOST])]
    for text in (text for text, names in zip(texts, spelled, strict=True) if len(names) > _MOST):
        start, end = ("match", r"\.") if kind == "starts" else ("fullmatch", "")
        asked.append(f're.{start}(r"{expression_of(text)}{end}", name)')
    return " or ".join(filter(None, asked))


def _spelled_out(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    if kind == "ends":
        return f'f".{{name}}".endswith({_several(f".{name}" for name in names)})'
    if kind == "starts":
        return f"name.startswith({_several(f'{name}.' for name in names)})"
    return f"name == {_quoted(names[0])}" if len(names) == 1 else f"name in {_several(names)}"


def _several(words: Iterable[str]) -> str:
    quoted = [_quoted(word) for word in words]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"


def _quoted(text: str) -> str:
    """A text as formatters write it, in double quotes where it holds none."""
    plain = ascii(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in plain and "\\'" not in plain else plain


def _class(job: Job) -> tuple[str, list[str]]:
    """The optimizer's class as the code names it, and what to import for it."""
    import torch

    kind, name = job.source.call.kind, job.optimizer.type or ""
    if getattr(torch.optim, kind.__name__, None) is kind:
        return f"torch.optim.{kind.__name__}", ["import torch"]
    module = name.rpartition(":")[0] or kind.__module__
    if module.endswith(".py") or "." in kind.__qualname__:
        raise ConfigError(f"{visible(name)} cannot be imported by a name; plain Python needs an optimizer that can")
    return kind.__name__, [f"from {module} import {kind.__name__}"]


def _optimizer(job: Job, kind: str) -> Iterator[str]:
    arguments = job.optimizer_call()
    if bad := [key for key in arguments if not key.isidentifier()]:
        raise ConfigError(f"{visible(bad[0])} is no name for an argument")
    written = [f"{key}={_literal(value)}" for key, value in arguments.items()]
    yield "def build_optimizer(model):"
    yield '    """Returns the optimizer."""'
    yield f"    return {kind}({', '.join(['param_groups(model)', *written])})"


def _literal(value: Any) -> str:
    """Raises ConfigError for what Python cannot write down."""
    if isinstance(value, float):
        return number(value)
    try:
        if ast.literal_eval(text := ascii(value)) == value:
            return _quoted(value) if isinstance(value, str) else text
    except (ValueError, SyntaxError):
        pass
    raise ConfigError(f"a {type(value).__name__} from Python cannot be written down")
