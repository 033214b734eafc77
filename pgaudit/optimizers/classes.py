"""Optimizer classes: found by name, asked for their defaults, and tried on stand-in tensors before anybody trusts an
answer.

A class's own ``__init__`` is the only true source of its defaults and of what it refuses (an unknown argument, a bad
beta, nesterov without momentum, Muon's 1-d tensors, L-BFGS with several groups), so it is asked, on meta tensors of no
cost.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.memory import gc_disabled
from pgaudit.optimizers.groups import GroupValues, SampleGroup, TensorKind, settings_in
from pgaudit.text import did_you_mean, quoted, said, visible
from pgaudit.user_code import suppress_output
from pgaudit.user_code.imports import import_attribute
from pgaudit.user_code.registries import registered_optimizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


class OptimizerError(PgauditError):
    """The optimizer's class cannot be found, or refuses what it is given; ``argument`` names the culprit where it is
    known.
    """

    def __init__(self, message: str, hint: str | None = None, argument: str | None = None) -> None:
        super().__init__(message, hint)
        self.argument = argument


def optimizer_class(name: str | type, scope: str | None = None) -> type[Optimizer]:
    """Returns the optimizer class of that name: of torch.optim, of timm.optim, or ``module:Class``.

    Names are the classes' own, case and all, as OpenMMLab's registry has them; ``scope`` is the package whose registry
    is asked for what torch and timm do not have.

    Raises:
        OptimizerError: there is none, or it is not an optimizer.
    """
    import torch

    found: Any = name
    if isinstance(name, str):
        found = import_attribute(name)[1] if ":" in name else _by_class_name(name, scope)
    if not (inspect.isclass(found) and issubclass(found, torch.optim.Optimizer)):
        raise OptimizerError(f"{quoted(getattr(name, '__name__', name))} is not an optimizer class", argument="type")
    return found


def _by_class_name(name: str, scope: str | None) -> Any:
    import torch

    torch_classes = _classes(torch.optim)
    if name in torch_classes:
        return torch_classes[name]
    timm_classes = _timm_classes()
    if name in timm_classes:
        return timm_classes[name]
    if scope is not None and (known := registered_optimizer(name, scope)) is not None:
        return known
    raise unknown_optimizer(name, [*torch_classes, *timm_classes])


def unknown_optimizer(name: str, known: Iterable[str]) -> OptimizerError:
    """Returns the error for a name that is none of the known classes', with what was probably meant."""
    module, _, own = name.rpartition(".")
    hint = did_you_mean(own, known) or (f"did you mean {quoted(f'{module}:{own}')}?" if module else None)
    message = f"torch and timm have no optimizer {quoted(name)}"
    return OptimizerError(message, hint or "your own is named module:Class", argument="type")


def exported_classes() -> list[type[Optimizer]]:
    """Returns all classes of torch.optim and timm.optim."""
    import torch

    return [*_classes(torch.optim).values(), *_timm_classes().values()]


def library_classes() -> dict[str, type[Optimizer]]:
    """Returns the classes of torch and timm by name; torch's where both have one."""
    import torch

    return {**_timm_classes(), **_classes(torch.optim)}


def _timm_classes() -> dict[str, Any]:
    try:
        with suppress_output(), gc_disabled():
            import timm.optim
    except Exception:  # torch's own optimizers need no timm
        return {}
    return _classes(timm.optim)


def _classes(module: Any) -> dict[str, Any]:
    import torch

    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer)
    }


def defaults_of(kind: type[Optimizer], arguments: Mapping[str, Any]) -> GroupValues:
    """Returns what the class would give a group without settings of its own, under these arguments.

    Raises:
        OptimizerError: the class refuses the arguments.
    """
    return settings_in(filled_in(kind, arguments))


def filled_in(kind: type[Optimizer], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all that the class fills into such a group, under its own keys.

    Raises:
        OptimizerError: the class refuses the arguments.
    """
    optimizer = _tried(kind, [SampleGroup((), (TensorKind((1, 1), "float32"),))], arguments)
    return {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}


def looked_for(kind: type[Optimizer], filled: Mapping[str, Any]) -> frozenset[str]:
    """Returns the keys of a group that somebody looks for: those that the class fills in, those that its methods name
    (``group.get("lars_exclude")``), and those of schedulers and hooks.
    """
    return frozenset({*filled, *words_in(kind)})


def words_in(kind: type[Optimizer]) -> frozenset[str]:
    """Returns the words in the class's methods that may be keys of a group, and those that others look for."""
    methods = (method for base in kind.__mro__ for method in vars(base).values() if inspect.isfunction(method))
    codes = (inspect.unwrap(method).__code__ for method in methods)
    words = (text for code in codes for text in _texts(code) if text.isidentifier())
    return frozenset({*_READ_BY_OTHERS, *words})


_READ_BY_OTHERS = ("initial_lr", "initial_momentum", "fix_lr")
"""From the first two schedulers begin; the last is asked for by mmpretrain's SimSiamHook."""


def _texts(code: CodeType) -> Iterator[str]:
    for value in code.co_consts:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _texts(value)


def argument_defaults(kind: type[Optimizer]) -> dict[str, Any]:
    """Returns the defaults that the class's signature gives its arguments; none for a class without one."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


def try_groups(kind: type[Optimizer], arguments: Mapping[str, Any], groups: Sequence[SampleGroup]) -> list[GroupValues]:
    """Builds the optimizer on stand-ins, and returns what each group then holds.

    Raises:
        OptimizerError: the class refuses them.
    """
    return [settings_in(group) for group in _tried(kind, groups, arguments).param_groups[: len(groups)]]


def _tried(kind: type[Optimizer], groups: Sequence[SampleGroup], arguments: Mapping[str, Any]) -> Optimizer:
    """Meta tensors cost nothing, but a class that reads a value cannot have them."""

    def built_on(device: str) -> Optimizer:
        params = [{"params": [stand_in(t, device) for t in group.tensors], **dict(group.settings)} for group in groups]
        return made(kind, params, arguments)

    try:
        return built_on("meta")
    except OptimizerError as error:
        if "meta" not in str(error):
            raise
        return built_on("cpu")


def stand_in(kind: TensorKind, device: str) -> Tensor:
    """Returns a tensor of that kind, which trains if it can."""
    import torch

    dtype = getattr(torch, kind.dtype)
    trains = dtype.is_floating_point or dtype.is_complex
    tensor = torch.empty(kind.shape, device=device, dtype=dtype, requires_grad=trains)
    return tensor if kind.leaf else tensor * 1


def made(kind: type[Optimizer], params: list[Any], arguments: Mapping[str, Any]) -> Optimizer:
    """Calls the class.

    Raises:
        OptimizerError: it refuses.
    """
    try:
        with suppress_output():
            return kind(params, **arguments)
    except Exception as error:
        known = [name for name in _parameters(kind) if name != "params"]
        culprit = next((argument for argument in arguments if known and argument not in known), None)
        hint = did_you_mean(culprit, known) if culprit else None
        raise OptimizerError(
            f"{visible(kind.__name__)} would raise {said(error)}",
            hint,
            culprit or _mentioned(str(error), arguments),
        ) from error


def _parameters(kind: type) -> list[str]:
    try:
        signature = inspect.signature(kind)
    except (TypeError, ValueError):
        return []
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    return [] if open_ended else list(signature.parameters)


def _mentioned(message: str, arguments: Mapping[str, Any]) -> str | None:
    plain = message.lower().replace(" ", "_").replace("learning_rate", "lr")
    longest_first = sorted(arguments, key=len, reverse=True)
    return next((argument for argument in longest_first if argument.lower().rstrip("s") in plain), None)


def build(kind: type[Optimizer], groups: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]) -> Optimizer:
    """Builds the real optimizer on live parameters.

    Raises:
        OptimizerError: the class refuses them.
        UsageError: there are no groups.
    """
    if not groups:
        raise UsageError("no parameter is left for the optimizer")
    return made(kind, [dict(group) for group in groups], arguments)
