"""A policy as plain Python: a function that makes the groups, and one that makes the optimizer, with torch alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.rules.match import is_norm
from pgaudit.convert.features import Key, Predicate, Vocabulary
from pgaudit.convert.job import Job, Written
from pgaudit.convert.lots import Built, canonical
from pgaudit.convert.proof import Unproved, refuse_changing_class
from pgaudit.convert.rules import ABSENT, Line, lines_of
from pgaudit.convert.types import nameable, of_torch
from pgaudit.convert.words import number
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import ModuleType
from pgaudit.models.source import ModelSource
from pgaudit.names import expression_of
from pgaudit.text import said, visible
from pgaudit.user_code import suppress_output

_NORMS = ("_BatchNorm", "_InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm")


def write(job: Job) -> Written:
    """Returns a module's text.

    Raises:
        ConfigError: it cannot be said in Python.
    """
    skips_frozen = not job.frozen(inside=True)
    met = [index for index in job.matter if job.inventory.parameters[index].trainable or not skips_frozen]
    lines = lines_of(job, _vocabulary(job), met, all_names=False)
    body = [*_body(job, lines, skips_frozen=skips_frozen)]
    keys = {key[0] for line in lines for predicate in line.predicates for key in predicate.keys}
    kind, imported = _class(job)
    modules = [*imported, *(["from torch import nn"] if keys & {"norm", "type"} else [])]
    parts = [
        job.heading("plain Python"),
        *([["import re"]] if any("re." in line for line in body) else []),
        modules,
        *([_norms()] if "norm" in keys else []),
    ]
    head = "\n\n".join("\n".join(part) for part in parts)
    return Written("\n".join([head, "", "", *body, "", "", *_optimizer(job, kind), ""]), suffix=".py")


def _vocabulary(job: Job) -> Vocabulary:
    """torch's own classes; none where a parameter's name does not tell which module has it."""
    if any("." in visit.own for visit in job.inventory.visits):
        return Vocabulary(ndims=True, both=True)

    def types(module: ModuleType) -> list[str]:
        return [name for name in module.bases if name.startswith("torch.nn.") and nameable(name)]

    return Vocabulary(is_norm, types, ndims=True, both=True)


def _norms() -> list[str]:
    from torch import nn

    homes = {"_BatchNorm": "nn.modules.batchnorm", "_InstanceNorm": "nn.modules.instancenorm"}
    paths = [f"{homes.get(name, 'nn')}.{name}" for name in _NORMS if name in homes or hasattr(nn, name)]
    return ["NORMS = (", *(f"    {path}," for path in paths), ")"]


def _body(job: Job, lines: Sequence[Line], *, skips_frozen: bool) -> Iterator[str]:
    extra = sorted({key for lot in job.inside.values() for key, _ in lot.extra})
    decays = job.knows_decay or any(lot.weight_decay for lot in job.inside.values())
    values = {"lr": job.base_lr, **({"weight_decay": job.base_decay} if decays else {})}
    typed = any(key[0] in ("norm", "type") for line in lines for each in line.predicates for key in each.keys)
    yield "def param_groups(model):"
    yield '    """Returns the groups, one for each set of equal settings."""'
    if typed:
        yield "    modules = dict(model.named_modules(remove_duplicate=False))"
    yield "    groups = {}"
    yield "    for name, param in model.named_parameters():"
    if skips_frozen:
        yield "        if not param.requires_grad:"
        yield "            continue"
    if typed:
        yield '        owner = modules[name.rpartition(".")[0]]'
    yield f"        {', '.join(values)} = {', '.join(map(number, values.values()))}"
    if extra:
        yield "        extra = {}"
    leaves_out = any("in" in line.says for line in lines)
    if leaves_out:
        yield "        left_out = False"
    for line in lines:
        yield f"        if {_condition(line.predicates)}:"
        yield from (f"            {words}" for words in _statements(job, line.says))
    if leaves_out:
        yield "        if left_out:"
        yield "            continue"
    settings = "{" + ", ".join([f'"{word}": {word}' for word in values] + ["**extra"] * bool(extra)) + "}"
    yield f"        settings = {settings}"
    key = "str(sorted(settings.items()))" if extra else "tuple(settings.values())"
    yield f'        groups.setdefault({key}, {{"params": [], **settings}})["params"].append(param)'
    yield "    return list(groups.values())"


def _statements(job: Job, says: Mapping[str, Hashable]) -> Iterator[str]:
    for of, value in says.items():
        if of == "in":
            yield f"left_out = {value is False}"
        elif of in ("lr", "weight_decay"):
            assert isinstance(value, float)
            yield f"{of} = {number(value)}"
        elif value == ABSENT:
            yield f"extra.pop({of!r}, None)"
        else:
            yield f"extra[{of!r}] = {_literal(job.source.values[of, value])}"


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
        path = f"nn.{words[0].rpartition('.')[2]}" if of_torch(words[0]) else words[0].removeprefix("torch.")
        return f"isinstance(owner, {path})"
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

    kind, name = job.source.call.kind, job.source.spec.name
    if getattr(torch.optim, kind.__name__, None) is kind:
        return f"torch.optim.{kind.__name__}", ["import torch"]
    module = name.rpartition(":")[0] or kind.__module__
    if module.endswith(".py") or "." in kind.__qualname__:
        raise ConfigError(f"{visible(name)} cannot be imported by a name; plain Python needs an optimizer that can")
    return kind.__name__, [f"from {module} import {kind.__name__}"]


def _optimizer(job: Job, kind: str) -> Iterator[str]:
    arguments = job.optimizer("")
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


def by_running(text: str, job: Job, subject: ModelSource) -> None:
    """Runs the code on the model itself, and compares what the optimizer then holds.

    Raises:
        Unproved: it holds something else.
    """
    assert subject.build is not None
    namespace: dict[str, Any] = {}
    try:
        with suppress_output():
            exec(compile(text, "the converted policy", "exec"), namespace)
            optimizer = namespace["build_optimizer"](subject.build().module)
    except Exception as error:
        raise Unproved(f"the code fails: {said(error)}") from error
    source = job.source
    if type(optimizer) is not source.call.kind:
        raise Unproved(f"the optimizer is a {type(optimizer).__name__}")
    groups = {id(tensor): group for group in optimizer.param_groups for tensor in group["params"]}
    for index, (tensor, row) in enumerate(zip(source.tensors, source.report.params, strict=True)):
        if job.ignored and not row.param.trainable:
            continue
        expected, held = _expected(source, index), groups.get(id(tensor))
        if (expected is None) != (held is None):
            raise Unproved(f"{visible(row.name)} is {'not ' if held is None else ''}in the optimizer")
        for key, value in (expected or {}).items():
            if held is not None and repr(canonical(held.get(key))) != repr(value):
                refuse_changing_class(source)
                raise Unproved(f"{visible(row.name)} has {visible(key)} {held.get(key)!r} instead of {value!r}")


def _expected(source: Built, index: int) -> dict[str, object] | None:
    lot = source.lots[index]
    if lot is None:
        return None
    arguments = {**source.report.facts.arguments, **source.spec.arguments}
    held = {key: canonical(value) for key, value in arguments.items() if key in _kept(source)}
    held |= {"lr": lot.lr, **dict(lot.extra)}
    return {**held, "weight_decay": lot.weight_decay} if "weight_decay" in arguments or lot.weight_decay else held


def _kept(source: Built) -> frozenset[str]:
    """The arguments that the class keeps in its groups."""
    return frozenset(source.report.facts.arguments)
