"""How a library calls the optimizer's class: with the arguments of the config, or with what its own factory makes of
them.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Hint, meant
from pgaudit.optimizers import classes, construct
from pgaudit.optimizers.classes import OptimizerError, optimizer_class, qualified
from pgaudit.text import format_exception, quoted
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass(frozen=True)
class OptimizerCall:
    """A class, and what it is called with beside the groups."""

    name: str
    """The class as ``module:Class``."""
    arguments: Mapping[str, Any]
    wrapper: str | None = None
    """What the optimizer is wrapped in, as ``module:Class``, such as timm's Lookahead."""
    found: type[Optimizer] | None = None
    """The class, where it has been looked up; only one of torch's or timm's may be missing."""

    @property
    def kind(self) -> type[Optimizer]:
        """The class itself."""
        return library_class(self.name) if self.found is None else self.found


def call_of(
    name: str | type, arguments: Mapping[str, Any], factory: str | None = None, scope: str | None = None
) -> OptimizerCall:
    """Returns the call that a config's ``type`` and arguments lead to.

    Args:
        name: of a class, see :func:`pgaudit.optimizers.classes.optimizer_class`; or a name that the factory knows.
        arguments: as the library passes them on.
        factory: ``timm`` for timm's ``create_optimizer_v2``; None where the class is called directly.
        scope: the OpenMMLab library whose registry is asked for a name that torch and timm do not know.

    Raises:
        OptimizerError: there is no such class or name, or the factory refuses the arguments.
    """
    if factory is None:
        kind = optimizer_class(name, scope)
        return OptimizerCall(qualified(kind), arguments, found=kind)
    assert factory == "timm"
    return _by_timm(str(name), arguments)


def build(call: OptimizerCall, groups: Sequence[Mapping[str, Any]]) -> Optimizer:
    """Builds the real optimizer on live parameters.

    Raises:
        OptimizerError: the class refuses them.
        UsageError: there are no groups.
    """
    if not groups:
        raise UsageError("no parameter is left for the optimizer")
    made = construct.made(call.kind, [dict(group) for group in groups], call.arguments)
    wrap: Any = library_class(call.wrapper) if call.wrapper else None
    return made if wrap is None else wrap(made)


def library_class(ref: str) -> type[Optimizer]:
    """Returns the optimizer class of torch or timm that was written down as ``module:Class``.

    It is looked up among theirs: nothing is imported because data names it.

    Raises:
        OptimizerError: they have none of that name.
    """
    known: list[Any] = [*(classes.torch_classes() if ref.startswith("torch.") else classes.timm_classes()).values()]
    if ref.startswith("timm."):
        with contextlib.suppress(OptimizerError):
            known += _registered().values()
    for kind in known:
        if isinstance(kind, type) and qualified(kind) == ref:
            return kind
    raise OptimizerError(f"torch and timm have no optimizer {quoted(ref)}", "another version of them wrote that name")


def timm_names(kind: type[Optimizer]) -> list[str]:
    """Returns the names that timm's registry has for a class, the plainest first.

    Raises:
        OptimizerError: timm has no registry.
    """
    names = [name for name, registered in _registered().items() if registered is kind]
    return sorted(names, key=lambda name: (name != kind.__name__.lower(), len(name), name))


def _registered() -> dict[str, Any]:
    """The classes of timm's registry; the name of one that timm imports when it is asked for."""
    registry = timm_registry()
    return {name: registry.get_optimizer_info(name).opt_class for name in registry.list_optimizers()}


def _by_timm(name: str, arguments: Mapping[str, Any]) -> OptimizerCall:
    """What timm's own registry calls, asked with a class that only takes notes."""
    registry = copy.copy(timm_registry())
    seen: list[tuple[Any, dict[str, Any]]] = []
    class_of = registry.get_optimizer_class
    stand_in = _stand_in()

    def noted(info: Any, bind_defaults: bool = True) -> Any:
        if isinstance(info.opt_class, str):  # of a package that timm imports when it is asked for
            user_code.refuse(info.opt_class)
        kind = class_of(info, bind_defaults=False)

        def call(params: Any, **given: Any) -> Any:
            seen.append((kind, given))
            return stand_in

        return call

    registry.get_optimizer_class = noted
    try:
        with suppress_output():
            # In one order, for it is that of what comes out.
            made = registry.create_optimizer([], opt=name, **dict(sorted(arguments.items())))
    except UsageError as error:  # not timm's own
        raise OptimizerError(error.findings[0].message, error.findings[0].advice, "type") from None
    except Exception as error:
        hint: Hint | None = None
        unknown = "not found in registry" in str(error)
        if unknown:
            near = meant(name.rpartition("_")[2].rpartition(".")[2], registry.list_optimizers())
            hint = near or "timm takes names of its registry, such as adamw or sgd, and no class of your own"
        raise OptimizerError(
            f"timm's create_optimizer_v2 would raise {format_exception(error)}", hint, "type", lasting=unknown
        ) from error
    ((kind, given),) = seen
    return OptimizerCall(qualified(kind), given, None if made is stand_in else qualified(type(made)), kind)


def timm_registry() -> Any:
    """Returns timm's registry of optimizers; raises OptimizerError where timm has none."""
    try:
        with suppress_output():
            from timm.optim import _optim_factory

        return _optim_factory.default_registry
    except Exception as error:
        raise OptimizerError(
            f"timm's registry of optimizers cannot be imported: {format_exception(error)}",
            "timm 1.0.12 or later has one",
            "type",
        ) from error


def _stand_in() -> Optimizer:
    """Any optimizer will do: all that is asked is whether it was wrapped."""
    import torch

    kind: Any = construct.untraced(torch.optim.SGD)
    made: Optimizer = kind([torch.empty(1, device="meta", requires_grad=True)], lr=0.0)
    return made
