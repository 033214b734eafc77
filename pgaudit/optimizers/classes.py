"""Optimizer classes: found by name, and asked for what their signatures and methods say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.core.errors import PgauditError
from pgaudit.core.findings import Hint, meant
from pgaudit.core.schedule import STARTS
from pgaudit.memory import gc_disabled
from pgaudit.text import quoted
from pgaudit.user_code import suppress_output
from pgaudit.user_code.imports import import_attribute
from pgaudit.user_code.registries import registered_optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer


_OF_LIBRARY = re.compile(r"(torch|timm)\.optim(\.\w+)*:\w+", re.ASCII)


class OptimizerError(PgauditError):
    """The optimizer's class cannot be found, or refuses what it is given."""

    def __init__(
        self, message: str, hint: Hint | None = None, argument: str | None = None, *, lasting: bool = False
    ) -> None:
        """Takes a message.

        Args:
            message: what is wrong.
            hint: how to fix it.
            argument: the culprit, where it is known.
            lasting: whether the same torch and timm say the same again, whatever else the machine has.
        """
        super().__init__(message, hint)
        self.argument = argument
        self.lasting = lasting


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
    for known in (torch_classes, timm_classes):  # timm is imported only if it is needed
        if name in (found := known()):
            return found[name]
    if scope is not None and (registered := registered_optimizer(name, scope)) is not None:
        return registered
    raise unknown_optimizer(name, sorted(library_classes()))


def unknown_optimizer(name: str, known: Iterable[str]) -> OptimizerError:
    """Returns the error for a name that is none of the known classes', with what was probably meant."""
    module, _, own = name.rpartition(".")
    near = meant(own, known)
    hint: Hint = f"did you mean {quoted(f'{module}:{own}')}?" if module else "your own is named module:Class"
    message = f"torch and timm have no optimizer {quoted(name)}"
    return OptimizerError(message, replace(near, old=name) if near else hint, argument="type")


def qualified(kind: type) -> str:
    """Returns a class as ``module:Class``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def is_library_class(ref: str) -> bool:
    """Whether ``module:Class`` is an optimizer of torch's or timm's."""
    return _OF_LIBRARY.fullmatch(ref) is not None


def library_classes() -> dict[str, type[Optimizer]]:
    """Returns the classes of torch and timm by name; torch's where both have one."""
    return {**timm_classes(), **torch_classes()}


def torch_classes() -> dict[str, type[Optimizer]]:
    """Returns the classes of torch.optim by name."""
    import torch

    return _classes(torch.optim)


def timm_classes() -> dict[str, type[Optimizer]]:
    """Returns the classes of timm.optim by name; none where timm cannot be imported."""
    try:
        with suppress_output(), gc_disabled():
            import timm.optim
    except Exception:  # torch's own optimizers need no timm
        return {}
    return _classes(timm.optim)


def _classes(module: Any) -> dict[str, type[Optimizer]]:
    import torch

    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer)
    }


def looked_for(kind: type[Optimizer], filled: Mapping[str, Any]) -> frozenset[str]:
    """Returns the keys of a group that somebody looks for: those that the class fills in, those that its code names
    (``group.get("lars_exclude")``), and those of schedulers and hooks.
    """
    from pgaudit.optimizers.reading import reading_of  # what is remembered needs no look at code

    return frozenset({*filled, *reading_of(kind).words, *STARTS, *_OF_HOOKS})


_OF_HOOKS = ("fix_lr",)
"""What mmpretrain's SimSiamHook asks for."""


def class_arguments(kind: type[Optimizer]) -> dict[str, Any]:
    """Returns the arguments of the class with their defaults, ``inspect.Parameter.empty`` for none; nothing for a class
    without a signature.
    """
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {each.name: each.default for each in parameters}


def argument_defaults(kind: type[Optimizer]) -> dict[str, Any]:
    """Returns the defaults that the class's signature gives its arguments; none for a class without one."""
    return {name: value for name, value in class_arguments(kind).items() if value is not inspect.Parameter.empty}
