"""assert_covered(): every trainable parameter is in exactly one group, or an AssertionError says which is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pgaudit.api import audit
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.built import BY_IDENTITY
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import Inventory
from pgaudit.names import fold_named, spelled_like_globs
from pgaudit.report import Report
from pgaudit.text import counted, visible

if TYPE_CHECKING:
    from pgaudit.models.source import Model

_SHOWN = 20
"""Names of one kind of offenders that are listed."""
_REBUILD = "the optimizer holds other tensors: build it from this model, after it is wrapped"


def assert_covered(model: Model, optimizer: object) -> Report:
    """Asserts that every trainable parameter is in exactly one group: of several optimizers, of all together.

    A live model is compared by its own tensors: one that only has the name of a parameter does not stand for it.

    Args:
        model: see :func:`pgaudit.audit`; None where the optimizer's holder has the model, as a Lightning module has.
        optimizer: an optimizer, several, or all else that :func:`pgaudit.audit` takes.

    Returns:
        The report, for assertions of your own.

    Raises:
        AssertionError: it names each offender, and says what to do.
        UsageError: there is no model, or nothing proves which tensor is which parameter.

    >>> from torch import nn, optim
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    >>> assert_covered(model, optim.SGD(model[0].parameters(), lr=0.1))
    Traceback (most recent call last):
    AssertionError: 2 of 4 trainable tensors of Sequential are not in exactly one group
      in none, so that they are never trained:
        1.{weight,bias}
      give them to an optimizer, or freeze them: requires_grad_(False)
    """
    __tracebackhide__ = True
    report = audit(model, optimizer)
    own = _own_optimizers(report, of_module=not isinstance(model, (str, Inventory)))
    rows = [row for row in report.params if row.param.trainable and row.param.module_type is not None]
    claims = [(row, [claim for claim in _claims(row) if claim[0] in own]) for row in rows]
    missing = [row for row, found in claims if not found]
    several = [(row, tuple(found)) for row, found in claims if len(found) > 1]
    if missing or several:
        raise AssertionError("\n".join(_message(report, rows, missing, several, own)))
    return report


def _own_optimizers(report: Report, *, of_module: bool) -> set[int]:
    """The optimizers whose tensors are the model's; ``of_module``: whether that is known by the tensors themselves."""
    every = set(range(len(report.assignment.optimizers)))
    built, model = report.as_built, report.assignment.model
    if built is None:
        return every
    if built.inventory is None:
        if model.ref is None:
            raise UsageError("there is no model to compare with", "give the model that is trained")
        message = f"nothing proves which parameters of {visible(model.ref)} the optimizer holds"
        if of_module and built.optimizers and report.assignment.origin == "built":
            raise AssertionError(f"no tensor of {visible(model.ref)} is in a group\n  {_REBUILD}")
        raise UsageError(message, "name the model that it was built from")
    if not (of_module and built.tensors):
        return every
    return {at for at in every if built.optimizers[at].names_from == BY_IDENTITY}


def _claims(row: ParamAssignment) -> list[tuple[int, int]]:
    first = [] if row.optimizer is None or row.group is None else [(row.optimizer, row.group)]
    return [*first, *row.also_in]


def _message(
    report: Report,
    rows: Sequence[ParamAssignment],
    missing: Sequence[ParamAssignment],
    several: Sequence[tuple[ParamAssignment, tuple[tuple[int, int], ...]]],
    own: set[int],
) -> list[str]:
    count, model = len(missing) + len(several), report.assignment.model
    name = visible(model.type or model.ref)
    are = "is" if count == 1 else "are"
    lines = [f"{count:,} of {counted(len(rows), 'trainable tensor')} of {name} {are} not in exactly one group"]
    if missing:
        names = dict.fromkeys((row.name for row in missing), "")
        lines += ["  in none, so that they are never trained:", *_names(report, names)]
        lines.append("  give them to an optimizer, or freeze them: requires_grad_(False)")
        if len(own) < len(report.assignment.optimizers):
            lines.append("  (an optimizer holds other tensors: build it from this model, after it is wrapped)")
    if several:
        where = {row.name: ", ".join(_place(report, claim) for claim in found) for row, found in several}
        lines += ["  in more than one, so that each step moves them more than once:", *_names(report, where)]
        lines.append("  leave each in one of them")
    return lines


def _place(report: Report, claim: tuple[int, int]) -> str:
    optimizer, group = claim
    return f"group {group}" if len(report.assignment.optimizers) == 1 else f"optimizer {optimizer} group {group}"


def _names(report: Report, where: Mapping[str, str]) -> list[str]:
    """Names with what stands beside them, those that repeat over blocks as one."""
    types = {row.name: row.param.module_type for row in report.params}
    folds = fold_named(
        ((name, place, types[name], name) for name, place in where.items()),
        spelled_like_globs(report.assignment.by_name),
    )
    lines = [f"    {visible(fold.name)}{f': {where[fold.rows[0]]}' if where[fold.rows[0]] else ''}" for fold in folds]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"    and {counted(len(lines) - _SHOWN, 'line')} more"]
    return lines
