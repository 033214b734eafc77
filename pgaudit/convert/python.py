"""A policy as plain Python: a function that makes the groups, and one that makes the optimizer, with torch alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.native.match import is_norm
from pgaudit.convert.classes import name_in, torch_kinds
from pgaudit.convert.features import Features, Key, Kinds, Predicate
from pgaudit.convert.job import Converted, Job
from pgaudit.convert.rules import ABSENT, Line, lines_of
from pgaudit.convert.words import number
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Inventory
from pgaudit.names import expression_of
from pgaudit.text import visible

_NORMS = ("_BatchNorm", "_InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm")


def write(job: Job) -> Converted:
    """Returns a module's text.

    Raises:
        ConfigError: it cannot be said in Python.
    """
    skips_frozen = not job.frozen(inside=True)
    met = [index for index in job.compared if job.inventory.parameters[index].trainable or not skips_frozen]
    lines = lines_of(job, Features(job.inventory, _kinds(job.inventory), conditions=True), met)
    body = [*_body(job, lines, skips_frozen=skips_frozen)]
    keys = {key[0] for line in lines for predicate in line.predicates for key in predicate.keys}
    kind, imported = _class(job)
    parts = [
        job.heading("plain Python"),
        *([["import re"]] if any("re." in line for line in body) else []),
        [*imported, *(["from torch import nn"] if keys & {"norm", "type"} else [])],
        *([_norms()] if "norm" in keys else []),
    ]
    head = "\n\n".join("\n".join(part) for part in parts)
    return Converted("\n".join([head, "", "", *body, "", "", *_optimizer(job, kind), ""]))


def _kinds(inventory: Inventory) -> Kinds:
    """torch's own classes; none where a parameter's name does not tell which module has it."""
    if any("." in visit.own for visit in inventory.visits):
        return lambda module: ()
    return lambda module: torch_kinds(module, is_norm=is_norm(module))


def _norms() -> list[str]:
    from torch import nn

    homes = {"_BatchNorm": "nn.modules.batchnorm", "_InstanceNorm": "nn.modules.instancenorm"}
    paths = [f"{homes.get(name, 'nn')}.{name}" for name in _NORMS if name in homes or hasattr(nn, name)]
    return ["NORMS = (", *(f"    {path}," for path in paths), ")"]


def _body(job: Job, lines: Sequence[Line], *, skips_frozen: bool) -> Iterator[str]:
    extra = bool(job.extra)
    decays = job.knows_decay or any(held["weight_decay"] for held in job.values.values())
    values = {name: base for name, base in job.base.items() if decays or name == "lr"}
    typed = any(key[0] in ("norm", "type") for line in lines for each in line.predicates for key in each.keys)
    leaves_out = any("in" in line.says for line in lines)
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
    for line in lines:
        yield f"        if {_condition(line.predicates)}:"
        yield from (f"            {words}" for words in _statements(job, line.says))
    yield from [
        *["        if left_out:", "            continue"] * leaves_out,
        f"        settings = {{{settings}}}",
        f'        groups.setdefault({key}, {{"params": [], **settings}})["params"].append(param)',
        "    return list(groups.values())",
    ]


def _statements(job: Job, says: Mapping[str, Hashable]) -> Iterator[str]:
    for name, value in says.items():
        if name == "in":
            yield f"left_out = {value is False}"
        elif name in job.base:
            yield f"{name} = {_literal(value)}"
        elif value == ABSENT:
            yield f"extra.pop({name!r}, None)"
        else:
            yield f"extra[{name!r}] = {_literal(job.source.written(name, value))}"


def _condition(predicates: Sequence[Predicate]) -> str:
    """Names that are whole, begin or end alike are asked for at once."""
    sorts: dict[str, list[str]] = {}
    others = []
    for predicate in predicates:
        sort = _SORTS.get(predicate.keys[0][0]) if len(predicate.keys) == 1 else None
        if sort is None:
            found = " and ".join(_one(key) for key in predicate.keys)
            others.append(f"({found})" if len(predicate.keys) > 1 and len(predicates) > 1 else found)
        else:
            sorts.setdefault(sort, []).extend(predicate.keys[0][1:])
    return " or ".join([*(_one((sort, *words)) for sort, words in sorts.items()), *others])


_SORTS = {"any": "name", "name": "name", "prefix": "prefix", "leaf": "leaf", "tail": "leaf"}


def _one(key: Key) -> str:
    kind, *words = key
    if kind in ("leaf", "tail"):
        return f'f".{{name}}".endswith({_several(f".{word}" for word in words)})'
    if kind == "prefix":
        return f"name.startswith({_several(f'{word}.' for word in words)})"
    if kind in ("name", "any"):
        return f"name == {_quoted(words[0])}" if len(words) == 1 else f"name in {_several(words)}"
    if kind == "segment":
        return f'{_quoted(f".{words[0]}.")} in f".{{name}}"'
    if kind == "range":
        return _range(words[0], range(int(words[1]), int(words[2]) + 1))
    if kind == "names":
        return f're.fullmatch(r"{expression_of(words[0])}", name)'
    if kind == "norm":
        return "isinstance(owner, NORMS)"
    if kind == "type":
        return f"isinstance(owner, {name_in('nn.', words[0]).removeprefix('torch.')})"
    return "param.ndim <= 1" if words[0] == "0|1" else "param.ndim == 1"


def _several(words: Iterable[str]) -> str:
    quoted = [_quoted(word) for word in words]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"


def _range(parent: str, numbers: range) -> str:
    if len(numbers) <= 4 or re.fullmatch(r"[\w.]+", parent, re.ASCII) is None:
        return f"name.startswith({_several(f'{parent}.{number}.' for number in numbers)})"
    return rf're.match(r"{re.escape(parent)}\.({"|".join(map(str, numbers))})\.", name)'


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
    arguments = job.optimizer_section(None)
    written = [f"{key}={_literal(value)}" for key, value in arguments.items() if key != "type"]
    if bad := [key for key in arguments if not key.isidentifier()]:
        raise ConfigError(f"{visible(bad[0])} is no name for an argument")
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
