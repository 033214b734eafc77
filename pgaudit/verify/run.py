"""Our answer against that of the real library, parameter by parameter, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.constructors import constructor_named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.config import Config
from pgaudit.core.errors import PgauditError
from pgaudit.models.build import build_model
from pgaudit.models.built import BuiltModel
from pgaudit.models.source import ModelSource
from pgaudit.optimizers.classes import optimizer_class
from pgaudit.pipeline import audit_with_tensors
from pgaudit.report import Report
from pgaudit.text import format_exception
from pgaudit.user_code import suppress_output
from pgaudit.verify.libraries import real_named

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from pgaudit.verify.base import Builder


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about a parameter that the library does otherwise."""

    name: str
    what: str
    """``group``, ``lr``, ``weight_decay``, or another key of the group."""
    ours: object
    theirs: object


@dataclass(frozen=True)
class Verification:
    """What became of a comparison."""

    ref: str
    """What the user called the model."""
    config: Config
    library: str
    version: str | None
    reproduced: str
    """The library and version whose source pgaudit's constructor reproduces."""
    parameters: int
    groups: int
    """Of the real optimizer."""
    differences: tuple[Difference, ...] = ()
    ours_refused: str | None = None
    """Why pgaudit says that this cannot be built."""
    theirs_refused: str | None = None
    """What the library raised."""

    @property
    def agrees(self) -> bool:
        """Whether there is no difference; to refuse the same is to agree."""
        return not self.differences and (self.ours_refused is None) == (self.theirs_refused is None)


def verify(model: nn.Module | str | None, config: Config, model_args: Mapping[str, Any] | None = None) -> Verification:
    """Builds the optimizer through the real library, and compares every parameter with our answer.

    Raises:
        UsageError: the library is not installed.
        ModelError: the model cannot be built.
    """
    real = real_named(config.constructor)
    build = real.builder()
    given = build_model(model, config, model_args)
    ours = _ours(given, config)
    built, theirs_refused = _theirs(build, given, config, ours.kind)
    differences: tuple[Difference, ...] = ()
    if ours.report is not None and ours.refused is None and built is not None:
        differences = tuple(_differences(ours.report, ours.tensors, built))
    return Verification(
        ref=given.ref,
        config=config,
        library=real.library,
        version=real.version,
        reproduced=constructor_named(config.constructor).library,
        parameters=len(ours.report.params) if ours.report else _counted(given.module),
        groups=len(built.param_groups) if built else 0,
        differences=differences,
        ours_refused=ours.refused,
        theirs_refused=theirs_refused,
    )


@dataclass(frozen=True)
class _Ours:
    report: Report | None = None
    tensors: Sequence[Tensor] = ()
    kind: type[Optimizer] | None = None
    refused: str | None = None


def _ours(given: BuiltModel, config: Config) -> _Ours:
    try:
        report, tensors, call = audit_with_tensors(ModelSource(lambda: given), config)
    except PgauditError as error:
        return _Ours(kind=_kind(config), refused=str(error))
    duplicate = next((finding.message for finding in report.findings if finding.code == "PG009"), None)
    return _Ours(report, tensors, call.kind, duplicate)


def _kind(config: Config) -> type[Optimizer] | None:
    """Returns the optimizer's class where pgaudit refuses, so that the library is asked as well; None if unknown."""
    scope = config.architecture.scope if config.architecture else None
    try:
        spec = constructor_named(config.constructor).optimizer(config)
        return None if spec.factory else optimizer_class(spec.type, scope)
    except PgauditError:
        return None


def _counted(module: nn.Module) -> int:
    """Returns how many parameters a model has by its own method; 0 where that raises."""
    try:
        return len(list(module.parameters()))
    except Exception:  # foreign code
        return 0


def _theirs(
    build: Builder, given: BuiltModel, config: Config, kind: type[Optimizer] | None
) -> tuple[Optimizer | None, str | None]:
    try:
        with suppress_output():
            return build(given.module, config, kind), None
    except PgauditError:
        raise
    except Exception as error:  # whatever the library raises is its answer
        return None, format_exception(error)


def _differences(report: Report, tensors: Sequence[Tensor], built: Optimizer) -> Iterator[Difference]:
    where = {id(tensor): index for index, group in enumerate(built.param_groups) for tensor in group["params"]}
    known = {id(tensor) for tensor in tensors}
    for row, tensor in zip(report.params, tensors, strict=True):
        index = where.get(id(tensor))
        if index != row.group:
            yield Difference(row.name, "group", row.group, index)
        if index is not None and row.group is not None:
            yield from _of_values(row, built.param_groups[index], built.defaults)
    strangers = sum(id(tensor) not in known for group in built.param_groups for tensor in group["params"])
    if strangers:
        yield Difference("(not of the model)", "tensors", 0, strangers)


def _of_values(row: ParamAssignment, group: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[Difference]:
    ours = {"lr": row.lr, "weight_decay": row.weight_decay, **row.setting.extra}
    # A class without weight decay decays nothing.
    theirs = {"weight_decay": 0.0, **{key: value for key, value in group.items() if key != "params"}}
    for key in dict.fromkeys([*ours, *theirs]):
        wanted = ours.get(key, defaults.get(key))
        if _exact(wanted) != _exact(theirs.get(key)):
            yield Difference(row.name, key, wanted, theirs.get(key))


def _exact(value: Any) -> object:
    """Numbers by their bits, whatever their type."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value).hex()
    return [_exact(item) for item in value] if isinstance(value, (list, tuple)) else value
