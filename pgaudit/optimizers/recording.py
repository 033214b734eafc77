"""Optimizer classes, asked once in a way that tells what they would answer to other numbers: see
:mod:`pgaudit.optimizers.traced_numbers`. What is found is plain data, from which :mod:`pgaudit.optimizers.records`
answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgaudit.optimizers.calls import call_of, qualified
from pgaudit.optimizers.classes import OptimizerError, argument_defaults, words_in
from pgaudit.optimizers.construct import filled_in, made, stand_in
from pgaudit.optimizers.encoding import encoded
from pgaudit.optimizers.groups import TensorKind
from pgaudit.optimizers.records import AS_GIVEN, Record, known, unusual_forms
from pgaudit.optimizers.traced_numbers import Log, floats_traced, is_number, name_of

if TYPE_CHECKING:
    from torch.optim import Optimizer

_DTYPES = ("float32", "float16", "bfloat16", "float64")
_DIMENSIONS = range(7)


def record_of(kind: type[Optimizer]) -> Record | None:
    """Returns what is known of a class before any arguments are tried on it; None where nothing can be."""
    try:
        defaults = {name: encoded(value) for name, value in argument_defaults(kind).items()}
    except TypeError:
        return None
    return {"arguments": defaults, "words": sorted(words_in(kind)), "checks": [], "fills": [], "takes": [], "paths": []}


def record(kind: type[Optimizer], into: Record, given: Mapping[str, Any]) -> bool:
    """Runs the class on arguments, and adds what it did to its record; returns whether anything can be said of it."""
    arguments = {**argument_defaults(kind), **given}
    unusual = unusual_forms(into, given)
    if unusual is None:
        return False
    # A tensor's method takes no traced number: such an argument is known as it is, and no other.
    for just in [None, *(name for name, value in arguments.items() if is_number(value))]:
        run = _run(kind, arguments, just)
        if run is None:
            continue
        at = {} if just is None else {just: arguments[just]}
        into["paths"].append([unusual, at, *(_place(into[table], run[table]) for table in _TABLES)])
        found = known(into, given)
        if found is not None and _shown(found.filled_in) == _shown(filled_in(kind, arguments)):
            return True
        into["paths"].pop()
    return False


def _shown(group: Mapping[str, Any]) -> str:
    return repr([(key, encoded(value)) for key, value in group.items()])


_TABLES = ("checks", "fills", "takes")


def _place(table: list[Any], entry: Any) -> int:
    """Where an entry stands in a table, which has it from now on."""
    if entry not in table:
        table.append(entry)
    return table.index(entry)


def explore(kind: type[Optimizer], into: Record) -> None:
    """Tries a class's flags, each alone and with other numbers."""
    for given in _variations(argument_defaults(kind)):
        if known(into, given) is None:
            record(kind, into, given)


def _variations(defaults: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    least = {"lr": 0.1} if "lr" in defaults and not _is_plain(defaults["lr"]) else {}
    flags = [{}, *({name: value} for name, now in defaults.items() for value in _flags(now))]
    numbers = [{}, *({name: value} for name, now in defaults.items() for value in _numbers(now))]
    for flag in flags:
        for number in numbers:
            yield {**least, **number, **flag}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, list, tuple))


def _flags(now: Any) -> list[Any]:
    if isinstance(now, bool):
        return [not now]
    if isinstance(now, tuple):
        return [list(now)]  # as a config has it
    return [True, False, 0.5] if now is None else []


def _numbers(now: Any) -> list[Any]:
    return [each for each in (0.9, 0.0, 1) if repr(each) != repr(now)] if is_number(now) else []


def _run(kind: type[Optimizer], arguments: Mapping[str, Any], just: str | None) -> dict[str, Any] | None:
    """What one run tells, of a group for each number of dimensions, and one with settings of its own, of which nobody
    may ask anything.
    """
    try:
        dimensions, _, several = takes = _taken(kind, arguments)
        filled = _held(_tried(kind, [{}], dimensions[-1:], arguments)[0])
        log = Log()
        own = {key: log.trace(f"group:{key}", value) for key, value in {**filled, "lr_scale": 0.5}.items()}
        traced = {name: value if name == just else log.trace(name, value) for name, value in arguments.items()}
        settings = [*({} for _ in dimensions), own] if several else [{}]
        with floats_traced(".".join(kind.__module__.split(".")[:2])):
            groups = _tried(kind, settings, dimensions if several else dimensions[-1:], traced)
        second = groups.pop() if several else {}
        fills, *others = [[_fill(key, value, traced) for key, value in _held(group).items()] for group in groups]
    except (OptimizerError, TypeError, IndexError):
        return None
    if log.leaked or any(check[0].startswith("group:") for check in log.checks):
        return None
    if any(other != fills for other in others):
        return None
    if several and any(second[key] is not value for key, value in own.items()):
        return None
    return {"checks": [list(check) for check in log.checks], "fills": fills, "takes": takes}


def _fill(key: str, value: Any, traced: Mapping[str, Any]) -> Any:
    """A key of a group: alone where the argument of that name is in it as it is."""
    return key if key in traced and value is traced[key] else [key, reference(value)]


def _taken(kind: type[Optimizer], arguments: Mapping[str, Any]) -> list[Any]:
    """Which tensors the class takes, and whether in several groups."""
    dimensions = [n for n in _DIMENSIONS if _accepts(kind, [n], "float32", arguments)]
    dtypes = [dtype for dtype in _DTYPES if _accepts(kind, dimensions[-1:], dtype, arguments)]
    return [dimensions, dtypes, _accepts(kind, dimensions[-1:] * 2, "float32", arguments)]


def _accepts(kind: type[Optimizer], dimensions: list[int], dtype: str, arguments: Mapping[str, Any]) -> bool:
    try:
        _tried(kind, [{} for _ in dimensions], dimensions, arguments, dtype)
    except OptimizerError:
        return False
    return True


def _tried(
    kind: type[Optimizer],
    settings: Sequence[Mapping[str, Any]],
    dimensions: Sequence[int],
    arguments: Mapping[str, Any],
    dtype: str = "float32",
) -> list[dict[str, Any]]:
    """The groups of an optimizer; the last number of dimensions stands for any that are missing."""
    sizes = [*dimensions, *(dimensions[-1] for _ in settings)]
    groups = [
        {"params": [stand_in(TensorKind((2,) * size, dtype), "meta")], **own}
        for own, size in zip(settings, sizes, strict=False)
    ]
    return made(kind, groups, arguments).param_groups


def _held(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "params"}


def reference(value: Any) -> Any:
    """Returns where a value comes from: the number of that name, or itself."""
    name = name_of(value)
    if name is not None:
        return {"number": name}
    if type(value) in (list, tuple):
        return {type(value).__name__: [reference(item) for item in value]}
    return encoded(value)


def record_call(name: str, arguments: Mapping[str, Any], factory: str) -> list[Any] | None:
    """Returns what a factory makes of arguments: the class, its arguments and where they come from, and the wrapper;
    None if that depends on what the numbers are.
    """
    log = Log()
    traced = {arg: log.trace(arg, value) for arg, value in arguments.items()}
    try:
        call = call_of(name, traced, factory)
        fills = [
            [arg, AS_GIVEN if arg in traced and value is traced[arg] else reference(value)]
            for arg, value in call.arguments.items()
        ]
    except (OptimizerError, TypeError):
        return None
    return None if log.leaked or log.checks else [qualified(call.kind), fills, call.wrapper]
